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

// A bar for each reason, blue where it adds and red where it takes away.
function reasons(answer) {
  const { of, base, parts } = answer.predictions?.[0]?.explanation ?? { parts: [] };
  const most = Math.max(...parts.map((part) => Math.abs(part.adds)), Number.MIN_VALUE);
  const rows = parts.slice(0, 12).map((part) => {
    const meter = document.createElement("meter");
    meter.max = most;
    meter.value = Math.abs(part.adds);
    meter.className = part.adds < 0 ? "less" : "more";
    const row = document.createElement("div");
    row.append(`${part.adds < 0 ? "−" : "+"}${Math.abs(part.adds).toPrecision(2)}`, meter, part.name);
    return row;
  });
  if (!rows.length) return [];
  const head = document.createElement("p");
  const adds = `what each ${base === undefined ? "word" : "column"} adds to ${of}`;
  head.textContent = base === undefined ? adds : `${adds}, from ${base.toPrecision(3)} that other rows have on average`;
  return [head, ...rows];
}

async function ask(form) {
  const row = {};
  for (const field of form.elements) if (field.name) row[field.name] = await value(field);
  const url = `v2/models/${encodeURIComponent(form.dataset.model)}/rows`;
  const headers = { "Content-Type": "application/json" };
  const explain = form.querySelector("[data-why]")?.checked ?? false;
  const body = JSON.stringify({ rows: [row], ...(explain && { explain }) });
  return (await fetch(url, { method: "POST", headers, body })).json();
}

for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const output = form.querySelector("output");
    output.textContent = "…";
    const answer = await ask(form).catch((error) => ({ error: String(error) }));
    output.replaceChildren(shown(answer), ...reasons(answer));
  });
}
