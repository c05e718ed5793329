#!/usr/bin/env node
// Drives `plumb ui` in a headless Chromium: a curve moves while a run trains, zoom and cursor by mouse and by keys, two runs
// compared, sixty hostile strings in every name that run no script, axe on every page in light and dark, and how soon
// the first paint is with 1,000 runs and with 10 million points.
//
//   cargo build --release && npm --prefix scripts/browser ci && scripts/browser/dashboard.mjs [--plumb FILE] [--shots FOLDER]
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";
import { folderName, hostileRun, hostileTable, longRun, manyRuns, payloads, plumb } from "./fixtures.mjs";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const argument = (name, otherwise) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : resolve(process.argv[at + 1]);
};
const BINARY = argument("--plumb", join(ROOT, "target/release/plumb"));
const SHOTS = argument("--shots", join(ROOT, "target/browser"));
const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";
const TABS = ["", "/layers", "/verdicts", "/data", "/predictions", "/pictures", "/job"];
const faults = [];
const figures = [];

function check(what, holds, more = "") {
  console.log(`${holds ? "ok  " : "FAIL"} ${what}${more ? `: ${more}` : ""}`);
  if (!holds) faults.push(what);
}

function figure(what, value) {
  figures.push([what, value]);
  console.log(`     ${what}: ${value}`);
}

// A dashboard over `runs`; its address and a way to end it.
async function serve(runs) {
  const process_ = spawn(BINARY, ["ui", runs, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  const address = await new Promise((found, failed) => {
    process_.stdout.once("data", (line) => found(String(line).trim().replace(/\/$/, "")));
    process_.once("exit", (code) => failed(new Error(`plumb ui ended with ${code}`)));
  });
  return { address, end: () => process_.kill() };
}

// A page that tells of every dialog, error and request to elsewhere.
async function open(browser, scheme, address) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.troubles = [];
  page.on("dialog", (dialog) => { page.troubles.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  page.on("pageerror", (error) => page.troubles.push(`error ${error.message}`));
  page.on("console", (message) => { if (message.type() === "error") page.troubles.push(`console ${message.text()}`); });
  page.on("request", (request) => { if (!request.url().startsWith(address) && !request.url().startsWith("data:")) page.troubles.push(`request ${request.url()}`); });
  return page;
}

const settled = async (page) => {
  if (await page.locator("figure.plot").count()) await page.waitForSelector("figure.plot .canvas svg");
};

async function axe(page, what) {
  const found = await new AxeBuilder({ page }).analyze();
  const serious = found.violations.filter((violation) => ["serious", "critical"].includes(violation.impact));
  const lesser = found.violations.filter((violation) => !serious.includes(violation));
  const words = (all) => all.map((v) => `${v.id} (${v.nodes.length}: ${v.nodes[0].target} ${v.nodes[0].failureSummary.split("\n")[1] || ""})`).join("; ");
  check(`axe, ${what}`, serious.length === 0, words(serious));
  if (lesser.length > 0) console.log(`     lesser: ${words(lesser)}`);
}

async function everyPage(browser, server, run, scheme, others) {
  const page = await open(browser, scheme, server.address);
  const paths = [...TABS.map((tab) => `/run/${encodeURIComponent(run)}${tab}`), ...others];
  for (const path of paths) {
    await page.goto(server.address + path);
    await settled(page);
    await axe(page, `${scheme} ${path}`);
    const name = path === "/" ? "runs" : path.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "").slice(0, 60);
    await page.screenshot({ path: join(SHOTS, `${name}-${scheme}.png`), fullPage: true });
  }
  check(`no trouble on ${paths.length} pages, ${scheme}`, page.troubles.length === 0, page.troubles.join("; "));
  await page.context().close();
}

async function live(browser, server, folder) {
  const example = join(ROOT, "examples/penguins/job.toml");
  const args = ["run", example, "--out", join(folder, "runs/live"), "--set", "train.epochs=100000", "--set", "train.patience=100000"];
  const training = spawn(BINARY, args, { stdio: "ignore" });
  const ended = new Promise((done) => training.once("exit", done));
  const page = await open(browser, "light", server.address);
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await page.request.get(`${server.address}/run/live/series?name=train_loss`);
    if (answer.ok()) break;
    await page.waitForTimeout(100);
  }
  await page.goto(`${server.address}/run/live`);
  await settled(page);
  let loads = 0;
  page.on("load", () => { loads += 1; });
  const state = () => page.evaluate(() => Array.from(document.querySelectorAll("figure.plot .line"), (line) => line.getAttribute("d")).join("|"));
  const before = await state();
  await page.waitForFunction((old) => Array.from(document.querySelectorAll("figure.plot .line"), (line) => line.getAttribute("d")).join("|") !== old, before, { timeout: 20000 });
  check("a curve moves while the run trains, without a reload", loads === 0);
  check("the connection is told", (await page.textContent("#connection")) === "live");
  check("the state is told", (await page.textContent("#state")) === "running");
  await page.screenshot({ path: join(SHOTS, "live.png"), fullPage: true });
  training.kill("SIGINT");
  await page.waitForFunction(() => document.getElementById("state").textContent === "stopped", null, { timeout: 30000 });
  check("the end of the run is told", (await page.textContent("#progress")).startsWith("The run is stopped"));
  check("no trouble while it trains", page.troubles.length === 0, page.troubles.join("; "));
  await ended;
  await page.context().close();
}

async function zoom(browser, server) {
  const page = await open(browser, "light", server.address);
  await page.goto(`${server.address}/run/penguins-a`);
  await settled(page);
  const plot = page.locator("figure.plot", { has: page.locator("h3", { hasText: "Loss of each step" }) });
  const canvas = plot.locator(".canvas");
  await canvas.scrollIntoViewIfNeeded();
  const ticks = () => plot.locator("svg text.tick").allTextContents();
  const all = await ticks();
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 80);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 90, { steps: 5 });
  await page.mouse.up();
  await page.waitForFunction((figure) => figure.dataset.zoomed === "1", await plot.elementHandle());
  check("a drag zooms", (await ticks()).join() !== all.join());
  await page.mouse.move(box.x + box.width * 0.5, box.y + 90);
  const hovered = await plot.locator(".readout").textContent();
  check("the pointer reads values", /^step [\d,]+: loss of each step [\d.]+/.test(hovered), hovered);
  await page.mouse.move(0, 0);
  await canvas.focus();
  const zoomed = (await ticks()).join();
  await page.keyboard.press("ArrowRight");
  const moved = await plot.locator(".readout").textContent();
  check("the cursor moves by keys", moved !== hovered, moved);
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  await page.waitForTimeout(300);
  check("keys zoom in", (await ticks()).join() !== zoomed);
  await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("0");
  await page.waitForFunction((figure) => figure.dataset.zoomed === "0", await plot.elementHandle());
  await page.waitForTimeout(300);
  check("0 shows all again", (await ticks()).join() === all.join(), `${all} to ${await ticks()}`);
  const slider = page.locator("#smoothing");
  await slider.focus();
  for (let press = 0; press < 9; press += 1) await page.keyboard.press("PageUp");
  const smooth = await plot.locator(".line.smooth").count();
  check("smoothing keeps the raw line", smooth > 0 && (await plot.locator(".line.raw").count()) > 0);
  await page.screenshot({ path: join(SHOTS, "smoothed.png"), fullPage: true });
  await page.goto(`${server.address}/run/${encodeURIComponent("not a number")}`);
  await settled(page);
  const flags = () => page.locator("figure.plot .flag").count();
  const before = await flags();
  await page.locator("#smoothing").focus();
  await page.keyboard.press("End");
  check("a value that is no number is flagged, smoothed or not", before > 0 && (await flags()) === before, `${before}`);
  check("the line is not drawn over it", (await page.locator("figure.plot", { has: page.locator("h3", { hasText: "Loss of each step" }) }).locator(".line.raw").count()) === 2);
  await page.screenshot({ path: join(SHOTS, "not-a-number.png"), fullPage: true });
  check("no trouble while zooming", page.troubles.length === 0, page.troubles.join("; "));
  await page.context().close();
}

async function compare(browser, server) {
  const page = await open(browser, "light", server.address);
  await page.goto(`${server.address}/`);
  await page.fill("#q", "penguins");
  await page.waitForFunction(() => document.getElementById("runs-words").textContent.startsWith("2 of"));
  check("the table is filtered while one types", (await page.locator("#runs tbody tr").count()) === 2);
  await page.getByLabel("compare penguins-a", { exact: true }).press("Space");
  await page.getByLabel("compare penguins-b", { exact: true }).press("Space");
  await page.locator("#compare").press("Enter");
  await page.waitForURL(/\/compare\?/);
  await settled(page);
  const text = await page.textContent("main");
  check("two runs are compared on the same rows", text.includes("McNemar's exact test") && text.includes("the same 51 rows of the test part"));
  check("their jobs' differences are listed", text.includes("train.lr"));
  check("their curves lie over each other", (await page.locator("figure.plot").first().locator("svg .line").count()) >= 4);
  await page.goto(`${server.address}/compare?run=penguins-a&run=${encodeURIComponent("hostile table")}`);
  check("what cannot be compared is said", (await page.textContent("h1")) === "Not compared", await page.textContent("main p:nth-of-type(2)"));
  check("no trouble while comparing", page.troubles.length === 0, page.troubles.join("; "));
  await page.context().close();
}

async function hostile(browser, server, names) {
  const page = await open(browser, "light", server.address);
  let seen = 0;
  for (const name of names) {
    for (const tab of TABS) {
      const answer = await page.goto(`${server.address}/run/${encodeURIComponent(name)}${tab}`);
      if (answer.status() !== 200) page.troubles.push(`${answer.status()} for ${name}${tab}`);
      if (tab === "") await settled(page);
      seen += 1;
    }
    await page.goto(`${server.address}/compare?run=${encodeURIComponent(name)}&run=penguins-a`);
    await settled(page);
    seen += 1;
  }
  await page.goto(`${server.address}/?q=${encodeURIComponent(names[0])}`);
  await page.goto(`${server.address}/run/%3Cscript%3Ealert(1)%3C%2Fscript%3E`).catch(() => null);
  const expected = page.troubles.filter((trouble) => !trouble.includes("404"));
  check(`${names.length} hostile strings in every name run nothing on ${seen} pages`, expected.length === 0, expected.slice(0, 5).join("; "));
  await page.context().close();
}

// How soon a person sees something, from a dashboard that has read nothing yet.
async function paint(browser, runs, path, what, ready) {
  const server = await serve(runs);
  const page = await open(browser, "light", server.address);
  const begun = Date.now();
  await page.goto(server.address + path);
  const first = await page.evaluate(() => new Promise((done) => {
    new PerformanceObserver((list) => done(list.getEntries().find((entry) => entry.name === "first-contentful-paint").startTime)).observe({ type: "paint", buffered: true });
  }));
  figure(`first paint, ${what}`, `${Math.round(first)} ms`);
  check(`first paint under 1 s, ${what}`, first < 1000);
  if (ready) {
    await ready(page, server);
    figure(`whole, ${what}`, `${Date.now() - begun} ms`);
    const again = Date.now();
    await page.reload();
    await settled(page);
    figure(`second visit with its curves, ${what}`, `${Date.now() - again} ms`);
  }
  check(`no trouble, ${what}`, page.troubles.length === 0, page.troubles.join("; "));
  await page.screenshot({ path: join(SHOTS, `${what.replace(/[^a-z0-9]+/gi, "-")}.png`), fullPage: path !== "/" });
  await page.context().close();
  server.end();
}

async function main() {
  mkdirSync(SHOTS, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "plumb-browser-"));
  const runs = join(folder, "runs");
  const example = join(ROOT, "examples/penguins/job.toml");
  plumb(BINARY, folder, ["run", example, "--out", "runs/penguins-a", "--set", "train.epochs=60"]);
  plumb(BINARY, folder, ["run", example, "--out", "runs/penguins-b", "--set", "model.preset=mlp", "--set", "train.epochs=4", "--set", "train.lr=0.0005"]);
  const texts = payloads(ROOT);
  const names = texts.map(folderName);
  names.forEach((name, at) => hostileRun(join(runs, name), texts[at]));
  hostileRun(join(runs, "not a number"), "plain");
  const table = hostileTable(folder, texts.filter((text) => text.length < 200 && !/^\s|\s$/.test(text)));
  plumb(BINARY, folder, ["run", table.path, "--target", table.target, "--out", "runs/hostile table", "--set", "train.epochs=3", "--set", "gates.fail=[]"]);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  const server = await serve(runs);
  try {
    await zoom(browser, server);
    await compare(browser, server);
    await live(browser, server, folder);
    await hostile(browser, server, [...names, "hostile table"]);
    const others = ["/", "/compare", "/compare?run=penguins-a&run=penguins-b", "/run/live"];
    for (const scheme of ["light", "dark"]) {
      await everyPage(browser, server, "penguins-a", scheme, others);
      await everyPage(browser, server, "not a number", scheme, []);
    }
    server.end();
    manyRuns(join(folder, "many"), join(runs, "penguins-a"), 1000);
    await paint(browser, join(folder, "many"), "/", "1,000 runs");
    longRun(join(folder, "long/long"), Math.ceil(10_000_000 / 3));
    await paint(browser, join(folder, "long"), "/run/long", "10 million points", async (page, { address }) => {
      for (;;) {
        const answer = await page.request.get(`${address}/run/long/series?name=loss&most=800`);
        const data = await answer.json();
        if (data.whole) {
          check("the spike and the hole are there", data.blocks.high.includes(9) && data.blocks.bad.some((bad) => bad > 0));
          break;
        }
        await page.waitForTimeout(100);
      }
    });
  } finally {
    await browser.close();
    server.end();
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`\n| figure | value |\n| --- | --- |\n${figures.map(([what, value]) => `| ${what} | ${value} |`).join("\n")}`);
  console.log(faults.length === 0 ? "\nall holds" : `\n${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

await main();
