(() => {
  const root = document.documentElement;
  const wanted = new URLSearchParams(location.search).get("lang") || navigator.language || "en";
  const show = (lang) => { root.lang = lang; };
  show(wanted.toLowerCase().startsWith("zh") ? "zh-CN" : "en");
  document.getElementById("switch").addEventListener("click", () => {
    show(root.lang === "en" ? "zh-CN" : "en");
  });
})();
