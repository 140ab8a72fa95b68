"""Records to tables and figures to HTML and Markdown. Functions of the two tables alone."""
