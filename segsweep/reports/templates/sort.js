"use strict";
// Headings sort their column: numbers by value, words by alphabet. The page reads as well without it.
for (const heading of document.querySelectorAll("thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...heading.childNodes);
  heading.append(button);
  button.addEventListener("click", () => {
    const upwards = heading.getAttribute("aria-sort") !== "ascending";
    const place = heading.cellIndex;
    const body = heading.closest("table").tBodies[0];
    const key = (row) => row.cells[place].dataset.value ?? row.cells[place].textContent;
    const compare = (one, two) => {
      const [first, second] = [key(one), key(two)];
      const difference = Number(first) - Number(second);
      return Number.isNaN(difference) ? first.localeCompare(second) : difference;
    };
    const rows = [...body.rows].sort((one, two) => (upwards ? compare(one, two) : compare(two, one)));
    for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", upwards ? "ascending" : "descending");
    body.append(...rows);
  });
}
