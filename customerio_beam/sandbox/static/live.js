// Shows a page's list as it changes: fetches the page again and swaps the part marked "live".
// Nothing here makes HTML of values: the server did, escaped. What is open, focused or scrolled stays so.
"use strict";
const SECONDS = 2;
const FOCUSABLE = "a, button, input, select, summary, pre, .scroll";

// The same element after a swap: the one of the same row, kind, text and address, at the same place among those alike.
function key(element) {
  const row = element.closest("tr[id]");
  return [row && row.id, element.tagName, element.id, element.getAttribute("href"), element.getAttribute("aria-label"), element.textContent].join("|");
}

function place(root, element) {
  const alike = [...root.querySelectorAll(FOCUSABLE)].filter(other => key(other) === key(element));
  return { key: key(element), index: alike.indexOf(element) };
}

function swap(shown, fresh) {
  const focused = shown.contains(document.activeElement) ? place(shown, document.activeElement) : null;
  const scrolled = [...shown.querySelectorAll(".scroll")].map(each => each.scrollLeft);
  for (const details of shown.querySelectorAll("details[open][id]")) {
    const same = fresh.querySelector("#" + CSS.escape(details.id));
    if (same) same.open = true;
  }
  shown.replaceWith(fresh);
  fresh.querySelectorAll(".scroll").forEach((each, index) => { each.scrollLeft = scrolled[index] || 0; });
  if (focused) {
    const alike = [...fresh.querySelectorAll(FOCUSABLE)].filter(element => key(element) === focused.key);
    const again = alike[focused.index] || alike[0];
    if (again) again.focus({ preventScroll: true });
  }
}

async function refresh() {
  if (document.hidden || String(getSelection()) !== "") return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const shown = document.getElementById("live");
  const fresh = page.getElementById("live");
  if (!answer.ok || !fresh || shown.contains(document.querySelector("input:focus"))) return;
  if (fresh.innerHTML === shown.dataset.source) return;
  const source = fresh.innerHTML;
  const news = fresh.dataset.total !== shown.dataset.total ? `The list changed: ${fresh.dataset.total} entries` : "";
  swap(shown, fresh);
  fresh.dataset.source = source;
  swap(document.querySelector("header nav"), page.querySelector("header nav"));
  if (news && fresh.dataset.total) document.getElementById("news").textContent = news;
}

function keepRefreshing() {
  // A sandbox that was stopped may come back: go on asking.
  refresh().catch(() => {}).finally(() => setTimeout(keepRefreshing, SECONDS * 1000));
}

const live = document.getElementById("live");
if (live) {
  live.dataset.source = live.innerHTML;
  setTimeout(keepRefreshing, SECONDS * 1000);
}
