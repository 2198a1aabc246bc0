// What the box says of itself, and what its cameras show. No library, nothing from elsewhere.

const TEXTS = {
  zh: {
    other: "English",
    seeing: "正常", absent: "没有画面", black: "画面全黑", frozen: "画面冻结", covered: "镜头被遮挡", blurred: "画面模糊", moved: "朝向变了",
    all_see: (n) => `${n} 路摄像头全部正常`,
    blind: (bad, n) => `${n} 路摄像头中 ${bad} 路看不见`,
    behind: "本机跟不上",
    gone: "与本机的连接中断，正在重试",
    stuck: "本机程序没有响应",
    waiting_picture: "等待画面…",
    frame: (age) => `最近画面 ${age} 前`, no_frame: "还没有画面",
    today: (seen, blind) => `今天看见 ${seen}，看不见 ${blind}`,
    looks: (looked, found, repeated) => `分析 ${looked} 次，上报 ${found} 条，未关闭而不重复上报 ${repeated} 次`,
    way: { full: "全部帧", sampled: "抽帧", key: "仅关键帧" },
    facts: "本机", model: "模型", outbox: "待送发现", rejected: "被拒", held: "磁盘满，暂存", delivery: "上次送达", never: "从未",
    server: "服务器", clock: "时钟偏差", unknown: "未知", disk: "可用磁盘", memory: "内存", up: "已运行", configuration: "摄像头配置",
    jumps: "时钟跳变", jumped: (n, seconds, at) => `${n} 次，最近一次 ${seconds} 秒（${at}）`,
    left_out: "空间不足未保存", left: (n, now) => `${n} 条重复发现${now ? "；发件箱已满，只保存首次发现" : ""}`, disk_full: "磁盘曾写满",
    origin: { server: (v) => `服务器第 ${v} 版`, file: () => "本机文件", command: () => "命令行" },
    refused: (v, why) => `第 ${v} 版被拒绝：${why}`,
    s: "秒", min: "分钟", h: "小时", d: "天",
  },
  en: {
    other: "中文",
    seeing: "sees", absent: "no picture", black: "black", frozen: "frozen", covered: "covered", blurred: "blurred", moved: "moved",
    all_see: (n) => (n === 1 ? "the camera sees" : `all ${n} cameras see`),
    blind: (bad, n) => `${bad} of ${n} cameras ${bad === 1 ? "does" : "do"} not see`,
    behind: "the machine is behind",
    gone: "the line to this box is broken; trying again",
    stuck: "the program does not respond",
    waiting_picture: "waiting for a picture…",
    frame: (age) => `last picture ${age} ago`, no_frame: "no picture yet",
    today: (seen, blind) => `today: saw for ${seen}, blind for ${blind}`,
    looks: (looked, found, repeated) => `${looked} looks, ${found} findings told, ${repeated} not told again while open`,
    way: { full: "every frame", sampled: "sampled", key: "key frames" },
    facts: "This box", model: "model", outbox: "findings that wait", rejected: "rejected", held: "held, disk full", delivery: "last delivery", never: "never",
    server: "server", clock: "clock offset", unknown: "unknown", disk: "free disk", memory: "memory", up: "running for", configuration: "cameras",
    jumps: "clock jumps", jumped: (n, seconds, at) => `${n}, the last by ${seconds} s (${at})`,
    left_out: "left out for want of room", left: (n, now) => `${n} repeated sightings${now ? "; the outbox is full, first findings alone are kept" : ""}`, disk_full: "the disk was full",
    origin: { server: (v) => `version ${v} of the server`, file: () => "this box's file", command: () => "the command line" },
    refused: (v, why) => `version ${v} refused: ${why}`,
    s: "s", min: "min", h: "h", d: "d",
  },
};

const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem("lang") ?? navigator.language;
let language = asked.startsWith("zh") ? "zh" : "en";
let state = null;
const cards = new Map();
const byId = (id) => document.getElementById(id);
const texts = () => TEXTS[language];

function span(seconds) {
  const t = texts();
  if (seconds < 120) return `${Math.max(0, Math.round(seconds))} ${t.s}`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} ${t.min}`;
  return seconds < 172800 ? `${(seconds / 3600).toFixed(1)} ${t.h}` : `${(seconds / 86400).toFixed(1)} ${t.d}`;
}

const since = (at) => (Date.parse(state.at) - Date.parse(at)) / 1000;
const moment = (at) => new Date(at).toLocaleString();
const signed = (seconds) => `${seconds > 0 ? "+" : ""}${seconds.toFixed(1)}`;
const bytes = (n) => (n >= 1e9 ? `${(n / 1e9).toFixed(1)} GB` : `${(n / 1e6).toFixed(0)} MB`);

function element(tag, className, parent) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  parent.append(made);
  return made;
}

function cardOf(name) {
  const root = element("article", "camera", byId("cameras"));
  root.dataset.camera = name;
  const view = element("div", "view", root);
  const empty = element("span", "empty", view);
  const image = element("img", "", view);
  const hazard = element("span", "hazard", view);
  const about = element("div", "about", root);
  const title = element("h3", "", about);
  const label = element("span", "", title);
  const sight = element("span", "state", title);
  label.textContent = image.alt = name;
  const card = { name, root, empty, image, hazard, sight, why: element("p", "why", about), lines: element("p", "", about), after: "", url: null, isVisible: false };
  new IntersectionObserver(([seen]) => { card.isVisible = seen.isIntersecting; }).observe(root);
  return card;
}

function showCamera(camera) {
  const t = texts();
  if (!cards.has(camera.name)) cards.set(camera.name, cardOf(camera.name));
  const card = cards.get(camera.name);
  card.root.classList.toggle("bad", camera.sight !== "seeing");
  card.sight.textContent = camera.sight === "seeing" ? t.seeing : `${t[camera.sight]} · ${span(since(camera.since))}`;
  card.why.textContent = camera.trouble;
  card.empty.textContent = t.waiting_picture;
  const frame = camera.frame_at ? t.frame(span(since(camera.frame_at))) : t.no_frame;
  card.lines.innerText = [
    `${frame} · ${t.way[camera.way] ?? camera.way} · ${camera.fps}/s`,
    t.today(span(camera.seen_s), span(camera.blind_s)),
    t.looks(camera.looked, camera.found, camera.repeated),
    camera.source,
  ].join("\n");
}

function facts() {
  const t = texts();
  const { model, outbox, configuration } = state;
  const told = [
    [t.model, model && `${model.name} ${model.version} · ${model.sha256.slice(0, 12)} · ${model.runtime} ${model.precision}`],
    [t.model, model?.trouble, true],
    [t.outbox, String(outbox.waiting)],
    [t.rejected, outbox.rejected && String(outbox.rejected), true],
    [t.held, outbox.held && String(outbox.held), true],
    [t.left_out, outbox.left_out && t.left(outbox.left_out, outbox.full_since), outbox.full_since],
    [t.delivery, outbox.last_delivery_at ? moment(outbox.last_delivery_at) : t.never],
    [t.server, outbox.trouble, true],
    [t.configuration, t.origin[configuration.origin]?.(configuration.version)],
    [t.configuration, configuration.refused && t.refused(configuration.refused_version, configuration.refused), true],
    [t.clock, state.clock_offset_s === null ? t.unknown : `${state.clock_offset_s.toFixed(1)} ${t.s}`, Math.abs(state.clock_offset_s ?? 0) > 5],
    [t.disk, state.disk_free_bytes !== null && bytes(state.disk_free_bytes), state.disk_free_bytes < 2e9],
    [t.disk_full, state.disk_full_at && moment(state.disk_full_at), outbox.held],
    [t.jumps, state.clock_jumps && t.jumped(state.clock_jumps, signed(state.clock_jumped_s), moment(state.clock_jumped_at)), true],
    [t.memory, state.memory_bytes && bytes(state.memory_bytes)],
    [t.up, span(since(state.started_at))],
  ];
  byId("facts").replaceChildren();
  for (const [name, text, isBad] of told) {
    if (!text) continue;
    element("dt", "", byId("facts")).textContent = name;
    element("dd", isBad ? "bad" : "", byId("facts")).textContent = text;
  }
}

function headline(text, isBad) {
  byId("headline").textContent = text;
  byId("headline").classList.toggle("bad", isBad);
}

function show() {
  const t = texts();
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  byId("language").textContent = t.other;
  byId("facts-title").textContent = t.facts;
  if (!state) return;
  byId("device").textContent = state.device ?? "anxun-edge";
  const bad = state.cameras.filter((camera) => camera.sight !== "seeing").length;
  const isStuck = Date.now() - state.heard > 30000;
  const said = bad ? t.blind(bad, state.cameras.length) : t.all_see(state.cameras.length);
  headline(isStuck ? t.stuck : state.is_behind ? `${said} · ${t.behind}` : said, Boolean(bad) || state.is_behind || isStuck);
  const names = new Set(state.cameras.map((camera) => camera.name));
  for (const [name, card] of cards) {
    if (!names.has(name)) { card.root.remove(); cards.delete(name); }
  }
  state.cameras.forEach(showCamera);
  facts();
}

async function follow() {
  try {
    const answer = await fetch("/state.json");
    if (!answer.ok) throw new Error(answer.statusText);
    const told = await answer.json();
    // A stuck program goes on answering with what it gathered last.
    told.heard = state && state.at === told.at ? state.heard : Date.now();
    state = told;
    show();
  } catch {
    headline(texts().gone, true);
  }
  setTimeout(follow, 2000);
}

async function picture(card) {
  const answer = await fetch(`/cameras/${encodeURIComponent(card.name)}.jpg?after=${encodeURIComponent(card.after)}`);
  if (answer.status !== 200) return;
  const before = card.url;
  card.url = URL.createObjectURL(await answer.blob());
  card.image.src = card.url;
  card.after = answer.headers.get("X-Captured-At") ?? "";
  card.hazard.textContent = (answer.headers.get("X-Hazards") ?? "").split(",").join(" ");
  if (before) URL.revokeObjectURL(before);
}

// A browser keeps six connections to a host: four wait for pictures, in turns.
async function watcher() {
  for (;;) {
    const due = [...cards.values()].filter((card) => card.isVisible && !card.isBusy);
    due.sort((a, b) => (a.lastAt ?? 0) - (b.lastAt ?? 0));
    const card = document.hidden ? undefined : due[0];
    if (card) {
      card.isBusy = true;
      try { await picture(card); } catch { /* the state's line says that it is broken */ }
      card.isBusy = false;
      card.lastAt = Date.now();
    }
    await new Promise((go) => setTimeout(go, card ? 100 : 500));
  }
}

byId("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("lang", language);
  show();
});
show();
follow();
for (let i = 0; i < 4; i += 1) watcher();
