// Shows a page's list as it changes: fetches the page again and swaps the part marked "live".
// Nothing here makes HTML of values: the server did, escaped.
"use strict";
const SECONDS = 2;

async function refresh() {
  const shown = document.getElementById("live");
  const reading = shown.querySelector("details[open]") || String(getSelection()) !== "";
  if (!document.hidden && !reading) {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("live");
    if (answer.ok && fresh && fresh.innerHTML !== shown.innerHTML) {
      shown.replaceWith(fresh);
      document.querySelector("nav").replaceWith(page.querySelector("nav"));
    }
  }
}

function keepRefreshing() {
  // A sandbox that was stopped may come back: go on asking.
  refresh().catch(() => {}).finally(() => setTimeout(keepRefreshing, SECONDS * 1000));
}

if (document.getElementById("live")) setTimeout(keepRefreshing, SECONDS * 1000);
