"use strict";
/* Small things every page needs: the reader's time zone, and polite polling. */
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = () => document.cookie.split("; ").includes("trueline_zone=" + zone);
  // Times are written by the server in the reader's zone; only the first visit has to ask twice.
  if (zone && !known()) {
    document.cookie = `trueline_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Strict`;
    if (known() && document.querySelector("time")) {
      location.reload();
    }
  }
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.matches("[data-poll]") && document.hidden) {
      event.preventDefault();
    }
  });
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) {
      location.reload();
    }
  });
})();
