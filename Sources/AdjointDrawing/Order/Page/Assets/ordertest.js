// The test that the page of orders makes of itself, when it is opened with `#selftest` in a frame: it walks every comparison to the
// end and back by key events, in both themes, and posts what it found as JSON.

async function testOrder() {
  const failures = [], requests = () => performance.getEntriesByType("resource").map(entry => entry.name);
  addEventListener("error", event => failures.push(event.message));
  document.addEventListener("securitypolicyviolation", event => failures.push(`refused: ${event.blockedURI}`));
  const press = key => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const width = document.documentElement.clientWidth, cut = [], unnamed = [], walks = [];
  const look = () => {
    for (const e of document.querySelectorAll("body *")) {
      if (e.closest("script, .unseen") || !e.getClientRects().length) continue;
      const { left, right } = e.getBoundingClientRect();
      const isCut = !(e instanceof SVGElement) && e.clientWidth && e.scrollWidth > e.clientWidth + 1 && e.tagName !== "INPUT";
      if (left < -1 || right > width + 1 || isCut) cut.push(`${chosen}/${now}: ${e.tagName} ${e.textContent.slice(0, 40)}`);
    }
    for (const box of document.querySelectorAll(".boxes .box")) {
      const frame = box.querySelector("rect").getBoundingClientRect();
      for (const text of box.querySelectorAll("text")) {
        const { left, right, width: wide } = text.getBoundingClientRect();
        if (wide && (left < frame.left - 1 || right > frame.right + 1)) cut.push(`${chosen}/${now}: ${text.textContent}`);
      }
    }
    for (const e of document.querySelectorAll("button, input, svg"))
      if (!(e.textContent.trim() && e.tagName === "BUTTON" || e.getAttribute("aria-label"))) unnamed.push(e.outerHTML);
  };
  for (let k = 0; k < comparisons.length; k++) {
    press(String(k + 1));
    look();
    let forth = 0, back = 0;
    for (let before = -1; before !== now; forth++) { before = now; press("ArrowRight"); look(); }
    const words = views.map(view => view.words.textContent), wrong = views.map(view => view.drawing.querySelectorAll(".wrong").length);
    byId("theme").click();
    for (let before = -1; before !== now; back++) { before = now; press("ArrowLeft"); look(); }
    press("End");
    const end = now;
    press("Home");
    walks.push({ steps: length(), forth: forth - 1, back: back - 1, end, home: now, words, wrong });
  }
  parent.postMessage(JSON.stringify({ walks, cut, unnamed, failures, requests: requests() }), "*");
}
if (location.hash === "#selftest") testOrder();
