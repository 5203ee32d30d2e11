"use strict";
// Puts the live lab in the place of its picture, by the first way to it that this browser has. LAB is filled in.
(async () => {
  const lab = LAB;
  const box = document.getElementById(lab.id);
  if (!box || box.dataset.tried) return;
  box.dataset.tried = "1";
  const here = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  const direct = `${lab.address}${lab.key}/`, ways = here ? [direct] : [];
  try {  // Colab's own way to a port of the kernel's machine
    const colab = globalThis.google?.colab?.kernel;
    if (colab) ways.push(`${await colab.proxyPort(lab.port, { cache: true })}`.replace(/\/*$/, `/${lab.key}/`));
  } catch (error) { /* there is no such way */ }
  const bases = [lab.base, document.body?.dataset?.baseUrl];
  try { bases.push(JSON.parse(document.getElementById("jupyter-config-data").textContent).baseUrl); } catch (error) { /* no Jupyter */ }
  for (const base of new Set(bases.filter(Boolean))) {  // jupyter-server-proxy
    try { ways.push(new URL(`${base.replace(/\/*$/, "")}/proxy/${lab.port}/${lab.key}/`, location.href).href); } catch (error) { /* no address */ }
  }
  if (!here) ways.push(direct);
  for (const way of ways) {
    try {
      const answer = await fetch(`${way}alive`, { credentials: "same-origin", signal: AbortSignal.timeout(4000) });
      if (!answer.ok || (await answer.text()).trim() !== lab.alive) continue;
    } catch (error) { continue; }
    const frame = document.createElement("iframe");
    Object.assign(frame, { title: lab.title, src: way, width: "100%", height: lab.height });
    frame.style.border = "0";
    box.replaceChildren(frame);
    return;
  }
  const hint = document.createElement("p");
  hint.textContent = lab.hint;
  box.append(hint);
})();
