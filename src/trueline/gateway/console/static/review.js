"use strict";
/* The Review page by keyboard. Every key works what can also be clicked; without scripts the
   page is the same form. */
(() => {
  const reveal = document.getElementById("reveal");
  const form = document.getElementById("label-form");
  const hint = (id, shown) => {
    const element = document.getElementById(id);
    if (element) {
      element.hidden = !shown;
    }
  };

  // A screen reader must not read aloud what the eye is spared.
  const spare = () => {
    for (const text of document.querySelectorAll(".blurrable")) {
      text.toggleAttribute("inert", !reveal.checked);
    }
    hint("show-first", false);
  };
  if (reveal) {
    reveal.addEventListener("change", spare);
    spare();
    for (const box of document.querySelectorAll(".review-text")) {
      box.addEventListener("click", () => {
        if (!reveal.checked) {
          reveal.click();
        }
      });
    }
  }

  // "Violates" needs a category: say so instead of asking the server.
  const ticked = () => form.querySelector("input[name=category]:checked");
  if (form) {
    form.addEventListener("submit", (event) => {
      if (event.submitter && event.submitter.value === "violates" && !ticked()) {
        event.preventDefault();
        hint("pick-one", true);
        form.querySelector("input[name=category]")?.focus();
      }
    });
    form.addEventListener("change", () => hint("pick-one", false));
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("textarea, select, input:not([type=checkbox])");
    if (typing || event.repeat || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const key = event.key.toLowerCase();
    if (key === "r" && reveal) {
      event.preventDefault();
      reveal.click();
      return;
    }
    if (!/^[a-z0-9]$/.test(key)) {
      return;
    }
    const wanted = document.querySelector(`[data-key="${key}"]`);
    if (!wanted) {
      return;
    }
    event.preventDefault();
    if ("judges" in wanted.dataset && reveal && !reveal.checked) {
      hint("show-first", true); // no label for a text that nobody has seen
      document.getElementById("reveal-button").focus();
      return;
    }
    wanted.click();
    if (wanted.name === "category") {
      wanted.focus();
    }
  });
})();
