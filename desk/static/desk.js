// What the pages gain from scripts: the agent's time zone, the focus after a swap, countdowns, and one click for two.
(() => {
  "use strict";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  let place = { path: location.pathname, scroll: 0 };

  const prepare = () => {
    document.querySelectorAll("[data-zone]").forEach((field) => { field.value = zone; });
    document.querySelectorAll("[data-zone-link]").forEach((link) => {
      const url = new URL(link.href);
      url.searchParams.set("zone", zone);
      link.href = url.href;
    });
    count();
  };

  const count = () => {
    document.querySelectorAll("[data-until]").forEach((element) => {
      const minutes = Math.max(0, Math.ceil((Date.parse(element.dataset.until) - Date.now()) / 60000));
      element.textContent = element.dataset.text.replace("{minutes}", String(minutes));
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    prepare();
    document.querySelector("[data-focus]")?.focus();
  });
  setInterval(count, 10000);

  // htmx drops a second request of the page; this drops the second click before htmx or without it.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.setAttribute("aria-busy", "true");
    setTimeout(() => form.removeAttribute("aria-busy"), 5000);
  }, true);

  document.addEventListener("htmx:beforeSwap", () => {
    place = { path: location.pathname, scroll: scrollY };
  });

  document.addEventListener("htmx:afterSettle", () => {
    prepare();
    const stays = place.path === location.pathname;
    const notice = document.querySelector("#messages .notice");
    const heading = document.querySelector("main h1");
    const field = document.querySelector("[data-focus]");
    const goal = (stays && notice) || field || heading;
    if (goal === field && field) {
      field.focus({ preventScroll: true });
    } else if (goal) {
      goal.setAttribute("tabindex", "-1");
      goal.focus({ preventScroll: true });
    }
    scrollTo(0, stays && !notice ? place.scroll : 0);
  });

  // What was typed stays on the page, which says why it was not sent.
  const refuse = (reason) => {
    const messages = document.getElementById("messages");
    const notice = document.createElement("p");
    notice.className = "notice refused";
    notice.tabIndex = -1;
    notice.textContent = messages.dataset[reason];
    messages.replaceChildren(notice);
    notice.focus();
    document.querySelectorAll("form[aria-busy]").forEach((form) => form.removeAttribute("aria-busy"));
  };

  document.addEventListener("htmx:sendError", () => { refuse("away"); });
  document.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.xhr.status === 413) refuse("large");
  });
})();
