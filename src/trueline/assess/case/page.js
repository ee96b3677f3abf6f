(() => {
  const wanted = new URLSearchParams(location.search).get("lang") || navigator.language || "en";
  const zh = wanted.toLowerCase().startsWith("zh");
  const inputs = [document.getElementById("lang-en"), document.getElementById("lang-zh")];
  inputs[zh ? 1 : 0].checked = true;
  const tell = () => { document.documentElement.lang = inputs[1].checked ? "zh-CN" : "en"; };
  inputs.forEach((input) => input.addEventListener("change", tell));
  tell();
})();
