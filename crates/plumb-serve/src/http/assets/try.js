// Sends the row of a form as JSON and writes what is answered as text.
"use strict";

function read(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

async function value(field) {
  if (field.type === "file") return field.files.length ? read(field.files[0]) : null;
  if (field.value === "") return null;
  return field.type === "number" ? Number(field.value) : field.value;
}

function shown(answer) {
  if (answer.error) return answer.error;
  const [row] = answer.predictions;
  if (row.label === undefined) return String(row.prediction);
  const shares = Object.entries(row.probabilities).sort((one, other) => other[1] - one[1]);
  return [row.label, ...shares.map(([name, share]) => `${(100 * share).toFixed(1)} %  ${name}`)].join("\n");
}

async function ask(form) {
  const row = {};
  for (const field of form.elements) if (field.name) row[field.name] = await value(field);
  const url = `v2/models/${encodeURIComponent(form.dataset.model)}/rows`;
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ rows: [row] }) });
  return shown(await answer.json());
}

for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const output = form.querySelector("output");
    output.textContent = "…";
    output.textContent = await ask(form).catch((error) => String(error));
  });
}
