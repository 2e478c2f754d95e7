// A file that is dropped or chosen becomes text in the form; what is typed narrows a list down.
"use strict";

const MOST = 5 * 1024 * 1024;
const EXCEL = ".xlsx";
const ENDS = [".yaml", ".yml", ".csv", ".tsv", ".jsonl", ".json", EXCEL];
const drop = document.getElementById("drop");
const form = document.getElementById("own");
const refused = document.getElementById("refused");

async function encode(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}

async function take(file) {
  const name = file.name.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  if (!ENDS.some((end) => name.toLowerCase().endsWith(end))) {
    refused.textContent = /\.(xls|xlsm|xlsb|ods|numbers)$/i.test(name)
      ? `${file.name} is a spreadsheet that cannot be read here. In Excel or LibreOffice: File, Save as, Excel Workbook (.xlsx) or CSV UTF-8; then drop the new file.`
      : `${file.name} is none of ${ENDS.join(", ")}.`;
    return;
  }
  if (file.size > MOST) {
    refused.textContent = `${file.name} has more than 5 MB; put it into the folder of this workbench instead.`;
    return;
  }
  refused.textContent = "";
  document.getElementById("taken").textContent = /\.ya?ml$/i.test(name) ? `Checking ${file.name} …` : `Reading ${file.name} …`;
  form.elements.file.value = name;
  form.elements.text.value = name.toLowerCase().endsWith(EXCEL) ? await encode(file) : await file.text();
  form.submit();
}

document.getElementById("chosen").addEventListener("change", (event) => event.target.files[0] && take(event.target.files[0]));
for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over-it"); });
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over-it"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length === 1) take(event.dataTransfer.files[0]);
  else refused.textContent = "Drop one file.";
});

for (const field of document.querySelectorAll("[data-narrows]")) {
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const line of document.getElementById(field.dataset.narrows).children) {
      line.hidden = !line.textContent.toLowerCase().includes(wanted) && !line.querySelector("input").checked;
    }
  });
}

for (const waiting of document.querySelectorAll("form[data-tells]")) {
  waiting.addEventListener("submit", () => {
    const button = waiting.querySelector("button");
    button.textContent = waiting.dataset.tells;
    button.setAttribute("aria-busy", "true");
    setTimeout(() => { button.disabled = true; });
  });
}
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
