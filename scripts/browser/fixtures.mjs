// Run folders for the browser test: hostile, many, and long.
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

export function payloads(root) {
  const file = join(root, "crates/plumb/src/report/templates/xss_payloads.txt");
  return readFileSync(file, "utf8").split("\n").filter((line) => line.length > 0);
}

// A run every string of which is the payload: names of columns, classes, layers, metrics, parts, practices.
export function hostileRun(folder, text) {
  mkdirSync(folder, { recursive: true });
  const score = { value: 0.9, low: 0.8, high: 0.95, n: 9, method: text };
  const scores = { auroc: score, [text]: score };
  const verdict = (word) => ({
    id: text, verdict: word, summary: text, remedy: text, evidence: { [text]: [text, { [text]: text }] }, reason: text,
  });
  const layer = {
    grad_norm: 0.1, weight_norm: 1, update_ratio: 0.01,
    values: { low: -1, high: 1, counts: [1, 5, 9, 2] }, gradient: { low: 0, high: 0, counts: [3] },
  };
  const lines = [];
  for (let step = 0; step < 60; step += 1) {
    lines.push({ event: "step", step, epoch: step, loss: step === 20 ? null : 1 / (step + 1), lr: 0.1, grad_norm: 0.5 });
    lines.push({
      event: "layers", step, layers: { [text]: layer },
      activations: { [text]: { sd: 1, dead: 0.1, values: { low: 0, high: 2, counts: [1, 2] } } }, attention: { [text]: [0.4, 0.5] },
    });
    lines.push({ event: "epoch", epoch: step, step, train_loss: 0.5, valid: { loss: 0.4, [text]: 0.7 }, best: true, seconds: 1 });
  }
  const oneLine = text.replace(/[\u0000-\u001f\u007f]/g, "");
  const key = JSON.stringify(text);
  const files = {
    "history.jsonl": lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
    "job.toml": `# ${oneLine}\n[data]\ntarget = ${key}\n${key} = ${key}\n[model]\npreset = ${key}\n`,
    "ledger.json": { schema: 1, run: text, stage: text, verdicts: ["fail", "warn", "pass", "skipped"].map(verdict) },
    "metrics.json": {
      schema: 1, task: text, primary: "auroc", primary_reason: text, classes: [text, "b"], weights_sha256: text,
      valid: scores, test: scores, baselines: { [text]: scores },
      details: {
        confusion: [[1, 2], [3, 4]], per_class: [{ class: text, precision: 1, recall: 1, f1: 1, support: 3 }],
        roc: [{ class: text, false_positive_rate: [0, 1], true_positive_rate: [0, 1] }],
      },
    },
    "data.json": { rows: 9, target: text, columns: [{ name: text, kind: text, distinct: 2, levels: [{ level: text, rows: 3 }] }] },
    "split.json": { method: text, column: text, classes: [text, "b"], parts: [{ part: text, rows: 9, classes: [4, 5] }], test_reads: [text] },
    "worst.json": { columns: [text], rows: [{ row: 1, target: text, prediction: text, probability: 0.1, loss: 2, cells: [text] }] },
    "pictures.json": { groups: [{ title: text, caption: text, pictures: [{ png: PNG, first: text, second: text }] }] },
    "texts.json": {
      texts: [{ row: 1, truth: text, predicted: text, probability: 0.4, pieces: [{ text, weight: 1 }] }],
      changed: [{ text, changed: [text] }], attention: { row: 1, pieces: [text], layers: [{ mean: PNG, heads: [PNG] }] },
    },
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  }
}

// The payload as the name of a folder, as far as the file system takes it.
export function folderName(text, at) {
  const name = text.replace(/[/\u0000]/g, "∕").slice(0, 60);
  return `${at} ${name}`;
}

// Runs as a sweep leaves them: as many verdicts, metrics and keys as a real run has.
export function manyRuns(folder, like, count) {
  const read = (name) => readFileSync(join(like, name), "utf8");
  const [metrics, ledger, job] = ["metrics.json", "ledger.json", "job.toml"].map(read);
  for (let run = 0; run < count; run += 1) {
    const path = join(folder, `sweep-${run}`);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "metrics.json"), metrics.replace(/"value": [0-9.]+/, `"value": ${((run * 7919) % 10000) / 10000}`));
    writeFileSync(join(path, "ledger.json"), ledger);
    writeFileSync(join(path, "job.toml"), job.replace(/seed = \d+/, `seed = ${run}`));
  }
}

// A history of so many steps, three values each, with one spike and one value that is no number.
export function longRun(folder, steps) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "ledger.json"), JSON.stringify({ schema: 1, run: "long", stage: "train", verdicts: [] }));
  const file = openSync(join(folder, "history.jsonl"), "w");
  let lines = [];
  for (let step = 0; step < steps; step += 1) {
    let loss = 0.2 + Math.exp((-6 * step) / steps) + 0.05 * Math.sin(step * 12.9898) * Math.sin(step * 78.233);
    if (step === Math.floor(steps * 0.7)) loss = 9;
    if (step === Math.floor(steps * 0.4)) loss = null;
    lines.push(`{"event":"step","step":${step},"epoch":0,"loss":${loss},"lr":${0.001 * (1 - step / steps)},"grad_norm":${Math.abs(Math.sin(step)) + 0.1}}\n`);
    if (lines.length === 20000) {
      writeSync(file, lines.join(""));
      lines = [];
    }
  }
  writeSync(file, lines.join(""));
  closeSync(file);
}

// A real run on a table whose columns, classes and cells are payloads.
export function hostileTable(folder, texts) {
  const quoted = (text) => `"${text.replace(/"/g, '""').replace(/[\r\n]/g, " ")}"`;
  const classes = texts.slice(0, 3);
  const target = texts[3];
  const rows = [[quoted(target), quoted(texts[4]), quoted(texts[5])].join(",")];
  for (let row = 0; row < 240; row += 1) {
    const kind = row % 3;
    rows.push([quoted(classes[kind]), (kind + ((row * 0.618) % 1) * 1.4).toFixed(4), quoted(texts[6 + (row % 4)])].join(","));
  }
  const path = join(folder, "hostile.csv");
  writeFileSync(path, `${rows.join("\n")}\n`);
  return { path, target };
}

export function plumb(binary, folder, args) {
  return execFileSync(binary, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
}
