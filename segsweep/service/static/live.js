"use strict";
// Parts with data-live are fetched again while they change. The page reads as well without: a reload does the same.
const SECONDS = 3;
const note = document.getElementById("connection");

async function update() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-cache" });
  if (answer.redirected) return location.reload(); // the session has ended
  if (!answer.ok) throw new Error(answer.statusText);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(part.id);
    if (!next || next.outerHTML === part.outerHTML) continue;
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    part.replaceWith(next);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }
}

async function keepUpToDate() {
  while (document.querySelector("[data-live]")) {
    await new Promise((resume) => setTimeout(resume, 1000 * SECONDS));
    if (document.hidden) continue;
    try {
      await update();
      note.hidden = true;
    } catch {
      note.hidden = false;
    }
  }
}
keepUpToDate();
