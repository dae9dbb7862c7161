// Signed policies in another language, from docs/reference/policy-format.md alone: Node, no packages.
// node vectors.mjs FOLDER runs the test vectors; prints what does not come out, and how many did.

import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

class Fault extends Error {
  constructor(code, message) { super(message); this.code = code; }
}
const fail = (code, message) => { throw new Fault(code, message); };
const need = (holds, code, message) => holds || fail(code, message);
const sha = (...parts) => parts.reduce((hash, each) => hash.update(each), createHash("sha256")).digest();
const byUnit = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const isMap = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

// --- bytes -----------------------------------------------------------------------------------------

function spell(value) {
  if (Array.isArray(value)) return `[${value.map(spell).join(",")}]`;
  if (!isMap(value)) return JSON.stringify(value);
  return `{${Object.keys(value).sort(byUnit).map((k) => `${JSON.stringify(k)}:${spell(value[k])}`).join(",")}}`;
}

function bound(value, depth) {
  need(depth > 0, "malformed", "too deep");
  if (typeof value === "string") need([...value].length <= 1024, "malformed", "long text");
  else if (typeof value === "number") need(Number.isSafeInteger(value), "malformed", "no whole number");
  else if (Array.isArray(value)) {
    need(value.length <= 256, "malformed", "long list");
    value.forEach((each) => bound(each, depth - 1));
  } else if (isMap(value)) {
    need(Object.keys(value).length <= 256, "malformed", "large object");
    for (const [key, each] of Object.entries(value)) {
      need(key.length <= 1024 && !/[\ud800-\udfff]/.test(key), "malformed", "odd key");
      bound(each, depth - 1);
    }
  }
}

function parse(text) {
  let value;
  try { value = JSON.parse(text); } catch { fail("malformed", "no JSON"); }
  need(isMap(value), "malformed", "no object");
  bound(value, 8);
  need(spell(value) === text, "malformed", "not canonical");
  return value;
}

function bytes(text) {
  const found = Buffer.from(text, "base64url");
  need(found.toString("base64url") === text, "malformed", "no base64url");
  return found;
}

const KINDS = ["grant", "succ", "bind", "derive", "receipt", "anchor", "revocation"];

function read(token, ...wanted) {
  need(typeof token === "string" && token.length <= 16384, "malformed", "no block");
  const parts = token.split(".");
  need(parts.length === 2 || parts.length === 3, "malformed", "three parts");
  const header = parse(bytes(parts[0]).toString());
  const isTree = header.alg === "Ed25519-tree";
  need(header.alg === "Ed25519" || isTree, "malformed", "algorithm");
  need(parts.length === 3 || isTree, "malformed", "three parts");
  need(Object.keys(header).join() === "alg,kid,typ" && header.kid, "malformed", "header");
  const kind = KINDS.find((each) => header.typ === `remit-${each}+jws`);
  need(wanted.includes(kind), "malformed", "kind");
  need(!isTree || kind === "bind", "malformed", "bindings are signed together, nothing else");
  const payload = bytes(parts[1]).toString();
  const signature = bytes(parts[2] ?? "");
  need(signature.length === 64 || isTree, "signature", "length");
  const signed = `${parts[0]}.${parts[1]}`;
  const hash = sha(signed).toString("hex");
  return { kind, kid: header.kid, claims: parse(payload), signed, signature, hash, isTree };
}

class Ring {
  constructor(jwks) { this.keys = new Map(jwks.keys.map((each) => [each.kid, each])); }

  check(block, role, at) {
    const key = this.keys.get(block.kid);
    need(key, "signature", "unknown key");
    need((key.remit_roles ?? []).includes(role), "signature", "role");
    need((key.nbf ?? 0) <= at && at < (key.exp ?? Infinity), "signature", "not at that time");
    if (role === "authority") {
      need(block.claims.iss === key.iss, "signature", "issuer");
      const tenants = key.remit_tenants;
      need(!tenants || !block.claims.sub || tenants.includes(block.claims.sub.tenant), "signature", "tenant");
    }
    const isGood = block.isTree ? isSignedTogether : isSigned;
    need(isGood(key.x, block.signed, block.signature), "signature", "did not sign this");
  }
}

function isSignedTogether(x, content, part) {
  if (part.length < 72 || (part.length - 72) % 32) return false;
  const size = part.readUInt32BE(64), index = part.readUInt32BE(68);
  if (index >= size || size > 4096) return false;
  let found = sha(Buffer.concat([Buffer.from([0]), sha(content)])), node = index, last = size - 1;
  for (let at = 72; at < part.length; at += 32) {
    const beside = part.subarray(at, at + 32);
    while (node % 2 === 0 && node === last && last > 0) { node >>= 1; last >>= 1; }
    if (last === 0) return false;
    found = sha(Buffer.concat([Buffer.from([1]), ...(node % 2 ? [beside, found] : [found, beside])]));
    node >>= 1; last >>= 1;
  }
  while (node % 2 === 0 && node === last && last > 0) { node >>= 1; last >>= 1; }
  return last === 0 && isSigned(x, `remit signed together\n${size}\n${found.toString("hex")}\n`, part.subarray(0, 64));
}

function isSigned(x, content, signature) {
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return verify(null, Buffer.from(content), key, signature);
}

// --- blocks ----------------------------------------------------------------------------------------

const text = (v) => typeof v === "string";
const whole = (v) => Number.isSafeInteger(v);
const orNull = (type) => (v) => v === null || type(v);
const list = (type) => (v) => Array.isArray(v) && v.every(type);
const map = (type) => (v) => isMap(v) && Object.values(v).every(type);
const among = (...values) => (v) => values.includes(v);
const scalar = (v) => text(v) || whole(v) || typeof v === "boolean";
const pair = (v) => Array.isArray(v) && v.length === 2 && v.every(orNull(whole));
const optional = (type, value) => ({ type, value });

function struct(fields) {
  return (v) => isMap(v)
    && Object.keys(v).every((name) => name in fields)
    && Object.entries(fields).every(([name, field]) => {
      if (!(name in v)) return typeof field !== "function";
      return (typeof field === "function" ? field : field.type)(v[name]);
    });
}

const clauseFields = {
  id: text, do: list(text), why: optional(text, ""),
  on: optional(map(map((v) => scalar(v) || list(scalar)(v))), {}),
};
const clause = struct(clauseFields);
const duty = struct({ ...clauseFields, need: list(text) });
const boundFields = {
  max_depth: optional(orNull(whole)), floor: optional(whole), floors: optional(map(whole)),
  max_step_drop: optional(orNull(whole)), max_xdom: optional(orNull(whole)),
};
const ofSlope = {
  ...boundFields, decay: optional(map(whole)), levels: optional(map(whole)), caps: optional(map(whole)),
  reanchor: optional(orNull(struct({ by: list(text), max: whole }))),
};
const common = (kind) => ({
  v: among(1), typ: among(kind), jti: text, iat: whole, nbf: whole, exp: whole, cnf: struct({ kids: list(text) }),
});
const origin = struct({ hash: text, iss: text, jti: text, rev: whole });
const grant = (kind) => ({
  ...common(kind), iss: text, rev: whole, allow: list(clause), deny: optional(list(clause)),
  sub: struct({ tenant: text, process: optional(orNull(list(text))), ver: optional(pair) }),
  duty: optional(list(duty)), slope: optional(orNull(struct(ofSlope))),
  on_deny: optional(map(among("incident", "error", "skip-worker"))),
  audit: optional(struct({ ctx: optional(list(text)), pii: optional(list(text)) })),
  fresh: optional(list(text)), del_max_depth: optional(whole),
});
const to = among("call", "message", "worker", "migration");
const SHAPES = {
  grant: struct(grant("grant")),
  succ: struct({ ...grant("succ"), replaces: text }),
  bind: struct({
    ...common("bind"), grants: list(origin), del_depth: optional(among(0)), del_max_depth: optional(whole),
    sub: struct({ tenant: text, process: text, ver: whole, instance: text }),
    initiator: struct({ actor: text, method: text, domain: optional(text), att: optional(text) }),
  }),
  derive: struct({
    ...common("derive"), par_hash: text, grants: optional(list(origin)), del_depth: whole, del_max_depth: whole,
    sub: struct({
      to, tenant: text, process: text, ver: whole, instance: text, parent: text, element: text,
      job: optional(orNull(text)),
    }),
    allow: optional(orNull(list(clause))), deny: optional(list(clause)), duty: optional(list(duty)),
    slope: optional(orNull(struct(boundFields))),
  }),
};

const isGrant = (block) => block.kind === "grant" || block.kind === "succ";

function readBlock(token, ring) {
  const block = read(token, "grant", "succ", "bind", "derive");
  const it = block.claims;
  need(SHAPES[block.kind](it), "malformed", "shape");
  need(it.jti && it.nbf < it.exp && it.cnf.kids.length && (it.del_max_depth ?? 0) >= 0, "malformed", "block");
  const seen = [...(it.deny ?? []), ...(it.duty ?? []), ...(it.allow ?? [])];
  const ids = new Set(seen.map((each) => each.id));
  need(ids.size === seen.length && seen.every((c) => c.id && !c.id.startsWith("$")), "malformed", "clauses");
  need(seen.every((c) => Object.keys(c.on ?? {}).length <= 16), "malformed", "constraints");
  ring.check(block, isGrant(block) ? "authority" : "holder", it.iat);
  return block;
}

function readChain(tokens, ring) {
  need(tokens.length >= 2 && tokens.length <= 8 && tokens.join("").length <= 65536, "malformed", "size");
  const blocks = tokens.map((each) => readBlock(each, ring));
  let grants = [];
  let before = null;
  for (const block of blocks) {
    if (isGrant(block)) { grants.push(block); continue; }
    checkGrants(block, grants);
    if (before === null) checkFirst(block, grants); else checkDerived(block, before);
    [grants, before] = [[], block];
  }
  need(!grants.length && before, "link", "ends with a grant");
  const last = before.claims.sub;
  return { blocks, sub: last, hash: sha(...blocks.map((each) => each.hash)).toString("hex") };
}

function checkGrants(block, grants) {
  const listed = block.claims.grants ?? [];
  need(listed.length === grants.length, "link", "other grants");
  grants.forEach((each, at) => {
    const [named, it, sub] = [listed[at], each.claims, block.claims.sub];
    need(named.iss === it.iss && named.jti === it.jti, "link", "another grant");
    if (each.kind === "grant") need(named.hash === each.hash && named.rev === it.rev, "link", "not the one");
    else need(it.replaces === named.hash && it.rev > named.rev, "link", "no successor");
    need(it.cnf.kids.includes(block.kid), "link", "holder");
    const [low, high] = it.sub.ver ?? [null, null];
    const fits = it.sub.tenant === sub.tenant && (!it.sub.process || it.sub.process.includes(sub.process))
      && (low === null || sub.ver >= low) && (high === null || sub.ver <= high);
    need(fits, "link", "not for this");
  });
}

function checkFirst(block, grants) {
  need(block.kind === "bind" && grants.length, "link", "no binding");
  const most = Math.min(...grants.map((each) => each.claims.del_max_depth ?? 0));
  need((block.claims.del_max_depth ?? 0) <= most, "link", "depth");
}

function checkDerived(block, before) {
  const [it, was] = [block.claims, before.claims];
  need(block.kind === "derive" && it.par_hash === before.hash, "link", "does not follow");
  need(was.cnf.kids.includes(block.kid), "link", "holder");
  const most = was.del_max_depth ?? 0;
  need(it.del_depth === (was.del_depth ?? 0) + 1 && it.del_depth <= most, "link", "depth");
  need(it.del_max_depth <= most && it.exp <= was.exp && it.nbf >= was.nbf, "link", "wider");
  const [sub, of] = [it.sub, was.sub];
  need(sub.parent === of.instance, "link", "parent");
  const same = sub.instance === of.instance && sub.tenant === of.tenant;
  const job = sub.job ?? null;
  if (sub.to === "worker") need(same && sub.process === of.process && sub.ver === of.ver && job, "link", "worker");
  else if (sub.to === "migration") need(same && job === null, "link", "migration");
  else need(sub.instance !== of.instance && job === null, "link", "call");
}

// --- the slope -------------------------------------------------------------------------------------

const START = { head: "0".repeat(64), n: 0, low: 1000, path: [] };
const LEVELS = { none: 0, apikey: 200, jwt: 400, mtls: 600, svid: 700, "svid+pop": 800, "human+mfa": 900 };
const trustOf = (slope) => slope.path.at(-1)?.trust ?? 1000;
const lowest = (values, none) => values.reduce((a, b) => Math.min(a, b), none);

function change(slope, what, rest) {
  return { ...slope, head: sha(slope.head, spell(what)).toString("hex"), n: slope.n + 1, ...rest };
}

function levelOf(method, rules) {
  const tables = rules.map((each) => (Object.keys(each.levels ?? {}).length ? each.levels : LEVELS));
  return lowest((tables.length ? tables : [LEVELS]).map((each) => each[method] ?? 0), 1000);
}

function capOf(domain, rules) {
  return lowest(rules.map(({ caps = {} }) => {
    const fitting = Object.keys(caps).filter((prefix) => domain.startsWith(prefix));
    return fitting.length ? caps[fitting.reduce((a, b) => (a.length >= b.length ? a : b))] : 1000;
  }), 1000);
}

function extend(slope, hop, rules) {
  const given = Object.fromEntries(Object.entries(hop).filter(([, value]) => value !== ""));
  const before = slope.path.at(-1);
  const was = trustOf(slope);
  let trust = Math.max(0, was - Math.max(0, ...rules.map((each) => each.decay?.[hop.kind] ?? 0)));
  if (hop.method) trust = Math.min(trust, levelOf(hop.method, rules));
  const domain = hop.domain || before?.domain || "";
  if (domain) trust = Math.min(trust, capOf(domain, rules));
  const xdom = before ? before.xdom + (domain !== before.domain ? 1 : 0) : 0;
  const frame = { actor: hop.actor, kind: hop.kind, domain, trust, drop: before ? was - trust : 0, xdom };
  return change(slope, ["hop", given], { path: [...slope.path, frame] });
}

function returned(slope, wrote) {
  const low = wrote ? Math.min(slope.low, trustOf(slope)) : slope.low;
  return change(slope, ["return", low], { low, path: slope.path.slice(0, -1) });
}

const higher = (a, b) => (byUnit(a, b) < 0 ? b : a);

function joined(a, b) {
  const frame = (slope, at) => slope.path[at] ?? {
    actor: "", kind: "", domain: "", trust: trustOf(slope), drop: 0, xdom: slope.path.at(-1)?.xdom ?? 0,
  };
  const path = Array.from({ length: Math.max(a.path.length, b.path.length) }, (_, at) => {
    const [one, two] = [frame(a, at), frame(b, at)];
    return {
      actor: higher(one.actor, two.actor), kind: higher(one.kind, two.kind), domain: higher(one.domain, two.domain),
      trust: Math.min(one.trust, two.trust), drop: Math.max(one.drop, two.drop), xdom: Math.max(one.xdom, two.xdom),
    };
  });
  return { head: higher(a.head, b.head), n: Math.max(a.n, b.n), low: Math.min(a.low, b.low), path };
}

// --- deciding --------------------------------------------------------------------------------------

const FAMILIES = {
  instance: "create cancel suspend resume modify migrate", element: "enter", gateway: "decide", flow: "take",
  job: "create activate complete fail error timeout retries", var: "read write", call: "activity",
  message: "publish correlate start", signal: "broadcast catch", timer: "fire", escalation: "throw",
  error: "throw", event: "catch", decision: "evaluate", usertask: "claim assign complete",
  incident: "resolve", policy: "succeed revoke", export: "emit",
};
const ACTIONS = new Set(["compensate", ...Object.entries(FAMILIES)
  .flatMap(([family, names]) => names.split(" ").map((each) => `${family}.${each}`))]);

const INCLUDED = { "usertask.assign": "usertask.claim" };
const isAbout = (each, action) => each.do.some((pattern) => pattern === "*" || pattern === action || INCLUDED[pattern] === action
  || (pattern.endsWith(".*") && action.startsWith(pattern.slice(0, -1))));
const isTexts = (v) => Array.isArray(v) && v.every(text);
const isNumber = (v) => typeof v === "number" && Number.isFinite(v);

const OPERATORS = {
  eq: [(v, o) => typeof v === typeof o, (v, o) => v === o],
  in: [(v, o) => typeof v === typeof (o[0] ?? ""), (v, o) => o.includes(v)],
  nin: [(v, o) => typeof v === typeof (o[0] ?? ""), (v, o) => !o.includes(v)],
  min: [isNumber, (v, o) => v >= o],
  max: [isNumber, (v, o) => v <= o],
  prefix: [text, (v, o) => v.startsWith(o)],
  sub: [isTexts, (v, o) => v.every((each) => o.includes(each))],
  sup: [isTexts, (v, o) => o.every((each) => v.includes(each))],
  any: [isTexts, (v, o) => o.some((each) => v.includes(each))],
};

function holds(each, facts, inDoubt) {
  return Object.entries(each.on ?? {}).every(([fact, asked]) => Object.entries(asked).every(([name, operand]) => {
    const [fits, test] = OPERATORS[name];
    const value = facts[fact];
    return value === undefined || value === null || !fits(value, operand) ? inDoubt : test(value, operand);
  }));
}

const NEEDS = {
  receipt: (f) => f.receipt === true,
  "actor!=initiator": (f) => Boolean(text(f.actor) && f.actor && text(f.initiator) && f.initiator) && f.actor !== f.initiator,
  "actor=activator": (f) => f.actorIsActivator === true,
  "four-eyes": (f) => Boolean(f.actor) && Array.isArray(f.priorActors) && !f.priorActors.includes(f.actor),
};

function outOfForce(chain, block, action, now, lists) {
  const it = block.claims;
  if (!(it.nbf * 1000 <= now && now < it.exp * 1000)) return "$validity";
  const issuers = isGrant(block) ? [it.iss] : chain.blocks.filter(isGrant).map((each) => each.claims.iss);
  for (const revoked of lists.filter((each) => issuers.includes(each.iss))) {
    const since = [revoked.jtis?.[it.jti], revoked.kids?.[block.kid]].filter((each) => each !== undefined);
    if (since.some((each) => now >= each * 1000)) return "$revoked";
  }
  if ((it.fresh ?? []).some((each) => isAbout({ do: [each] }, action))) {
    const own = lists.find((each) => each.iss === it.iss);
    if (!own || now >= own.exp * 1000) return "$revocation.stale";
  }
  return "";
}

function outOfBounds(rules, action, slope) {
  if (!rules) return "";
  const last = slope.path.at(-1);
  if (slope.path.length > (rules.max_depth ?? Infinity)) return "$slope.depth";
  if (Math.min(trustOf(slope), slope.low) < (rules.floors?.[action] ?? rules.floor ?? 0)) return "$slope.floor";
  if ((last?.drop ?? 0) > (rules.max_step_drop ?? Infinity)) return "$slope.step";
  if ((last?.xdom ?? 0) > (rules.max_xdom ?? Infinity)) return "$slope.xdom";
  return "";
}

function ask(block, action, facts, slope, duties) {
  const it = block.claims;
  if (block.kind === "bind") return ["", "$bound"];
  const broken = outOfBounds(it.slope, action, slope);
  if (broken) return [broken, broken];
  const here = (clauses) => (clauses ?? []).filter((each) => isAbout(each, action));
  for (const each of here(it.deny)) if (holds(each, facts, true)) return ["deny", each.id];
  for (const each of here(it.duty)) {
    if (!holds(each, facts, true)) continue;
    duties.push(each.id);
    if (!each.need.every((name) => NEEDS[name](facts))) return ["duty", each.id];
  }
  if ((it.allow ?? null) === null) return ["", "$inherit"];
  const found = here(it.allow).find((each) => holds(each, facts, false));
  return found ? ["", found.id] : ["$default", "$default"];
}

const rulesOf = (chain) => chain.blocks.filter(isGrant).map((each) => each.claims.slope).filter(Boolean);

function onDeny(chain, at, action) {
  const asked = at < 0 ? [] : chain.blocks.slice(at, at + 1);
  for (const { claims } of [...asked, ...chain.blocks].filter(isGrant)) {
    const said = claims.on_deny?.[action] ?? claims.on_deny?.default;
    if (said) return said;
  }
  return "incident";
}

function decide(chain, action, given, slope, now, hop = null, lists = []) {
  const clauses = [];
  const duties = [];
  const denied = (reason) => ({
    admitted: false, reason, clauses, duties, on_deny: onDeny(chain, clauses.length - 1, action), after: slope,
  });
  const { sub } = chain;
  const same = given.tenant === sub.tenant && given.process === sub.process && given.version === sub.ver
    && given.instance === sub.instance && ((sub.job ?? null) === null || given.jobKey === sub.job);
  if (!same) return denied("$subject");
  if (!ACTIONS.has(action)) return denied("$action");
  const rules = rulesOf(chain);
  const after = hop ? extend(slope, hop, rules) : slope;
  const facts = {
    ...given, now, actorLevel: text(given.actorMethod) ? levelOf(given.actorMethod, rules) : 0,
    slopeDepth: after.path.length, slopeTrust: trustOf(after), slopeLow: after.low, xdom: after.path.at(-1)?.xdom ?? 0,
  };
  for (const block of chain.blocks) {
    const out = outOfForce(chain, block, action, now, lists);
    const [reason, deciding] = out ? [out, out] : ask(block, action, facts, after, duties);
    clauses.push(deciding);
    if (reason) return denied(reason);
  }
  return { admitted: true, reason: "admitted", clauses, duties, on_deny: null, after };
}

const OWN = ["now", "actorLevel", "slopeDepth", "slopeTrust", "slopeLow", "xdom"];

function decidePartly(chain, action, facts, withheld, slope, now) {
  const shown = Object.fromEntries(Object.entries(facts).filter(([name]) => !withheld.includes(name)));
  const answer = decide(chain, action, shown, slope, now);
  for (const [at, decided] of answer.clauses.entries()) {
    for (const each of hangingOn(chain.blocks[at], decided, action)) {
      const unseen = Object.keys(each.on ?? {}).filter((name) => withheld.includes(name)).sort(byUnit);
      const rest = Object.entries(each.on ?? {}).filter(([name]) => !unseen.includes(name) && !OWN.includes(name));
      const may = each.id === decided || holds({ on: Object.fromEntries(rest) }, shown, false);
      if (unseen.length && may) return { left: { clause: each.id, facts: unseen } };
    }
  }
  return { admitted: answer.admitted, reason: answer.reason, clauses: answer.clauses };
}

function hangingOn(block, decided, action) {
  const { deny = [], duty: duties = [], allow } = block.claims;
  const restricting = [...deny, ...duties].filter((each) => each.id === decided);
  if (restricting.length || block.kind === "bind") return restricting;
  const at = (allow ?? []).findIndex((each) => each.id === decided);
  if (at < 0 && decided !== "$default") return [];
  return (allow ?? []).slice(0, at < 0 ? undefined : at).filter((each) => isAbout(each, action));
}

// --- statements and the log ------------------------------------------------------------------------

function reanchor(chain, token, ring, slope, now) {
  const block = read(token, "anchor");
  const it = block.claims;
  ring.check(block, "approver", it.iat);
  const all = rulesOf(chain).map((each) => each.reanchor);
  need(all.length && all.every((each) => each && each.by.includes(block.kid)), "statement", "not you");
  need(it.low >= 0 && all.every((each) => it.low <= each.max), "statement", "too high");
  need(it.instance === chain.sub.instance && it.head === slope.head, "statement", "another state");
  need(it.iat * 1000 <= now && now < it.exp * 1000, "statement", "not now");
  return change(slope, ["anchor", it.low, block.hash], { low: it.low });
}

const leafOf = (record) => sha(Buffer.from([0]), record);
const nodeOf = (left, right) => sha(Buffer.from([1]), left, right);

function rootOf(leaves) {
  if (leaves.length === 0) return sha("");
  if (leaves.length === 1) return leaves[0];
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return nodeOf(rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

function rootByInclusion(leaf, index, size, proof) { // RFC 9162, 2.1.3.2
  let [at, last, found] = [index, size - 1, leaf];
  for (const each of proof) {
    need(last > 0, "proof", "too long");
    if (at % 2 === 1 || at === last) {
      found = nodeOf(each, found);
      while (at % 2 === 0 && at > 0) { at = Math.floor(at / 2); last = Math.floor(last / 2); }
    } else found = nodeOf(found, each);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  need(last === 0, "proof", "too short");
  return found;
}

function rootsByConsistency(older, newer, oldRoot, proof) { // RFC 9162, 2.1.4.2
  if (older === newer) { need(!proof.length, "proof", "too long"); return [oldRoot, oldRoot]; }
  const path = Number.isInteger(Math.log2(older)) ? [oldRoot, ...proof] : [...proof];
  let [at, last] = [older - 1, newer - 1];
  while (at % 2 === 1) { at = (at - 1) / 2; last = Math.floor(last / 2); }
  let [was, is] = [path[0], path[0]];
  for (const each of path.slice(1)) {
    need(last > 0, "proof", "too long");
    if (at % 2 === 1 || at === last) {
      [was, is] = [nodeOf(each, was), nodeOf(each, is)];
      while (at % 2 === 0 && at > 0) { at /= 2; last = Math.floor(last / 2); }
    } else is = nodeOf(is, each);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  need(last === 0, "proof", "too short");
  return [was, is];
}

function splitNote(note) {
  const at = note.lastIndexOf("\n\n");
  const lines = note.slice(at + 2).split("\n").filter(Boolean).map((line) => line.slice(2).split(" "));
  return [note.slice(0, at + 1), lines.map(([name, blob]) => [name, Buffer.from(blob, "base64")])];
}

function signedBy(note, name, type, x) {
  const [body, lines] = splitNote(note);
  const id = sha(name, "\n", Buffer.from([type]), Buffer.from(x, "base64url")).subarray(0, 4);
  const [, blob] = lines.find(([found, each]) => found === name && each.subarray(0, 4).equals(id)) ?? [];
  need(blob, "signature", "nobody we know");
  if (type === 1) { need(isSigned(x, body, blob.subarray(4)), "signature", "note"); return body; }
  const at = blob.readBigUInt64BE(4);
  need(isSigned(x, `cosignature/v1\ntime ${at}\n${body}`, blob.subarray(12)), "signature", "witness");
  return Number(at);
}

// --- the vectors -----------------------------------------------------------------------------------

const folder = process.argv[2];
const load = (name) => JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8"));
let [good, bad] = [0, 0];

function expect(what, found, wanted) {
  if (spell(found) === spell(wanted)) { good += 1; return; }
  bad += 1;
  console.log(`${what}: ${spell(found)}, and not ${spell(wanted)}`);
}

function codeOf(work) {
  try { work(); return "ok"; } catch (fault) { if (fault instanceof Fault) return fault.code; throw fault; }
}

function pick(from, names) { return Object.fromEntries(names.map((name) => [name, from[name]])); }

const canonical = load("canonical");
canonical.canonical.forEach((each) => expect(each, codeOf(() => parse(each)), "ok"));
canonical.refused.forEach((each) => expect(each, codeOf(() => parse(each)), "malformed"));

const chains = load("chains");
for (const each of chains.chains) {
  let hash = null;
  const result = codeOf(() => { hash = readChain(each.tokens, new Ring(chains.keys)).hash; });
  expect(`chain ${each.name}`, { result, hash }, pick(each, ["result", "hash"]));
}

const decisions = load("decisions");
for (const each of decisions.cases) {
  const chain = readChain(each.chain, new Ring(decisions.keys));
  const slope = each.slope ?? decisions.slope;
  const found = decide(chain, each.action, each.facts, slope, each.now_ms, each.hop);
  expect(`decision ${each.name}`, found, pick(each, Object.keys(found)));
}

const partial = load("partial");
for (const each of partial.cases) {
  const chain = readChain(each.chain, new Ring(partial.keys));
  const found = decidePartly(chain, each.action, each.facts, each.withheld, each.slope, each.now_ms);
  expect(`partial ${each.name}`, found, pick(each, Object.keys(found)));
}

const slopes = load("slopes");
let now = START;
slopes.steps.forEach((step, at) => {
  now = step.hop ? extend(now, step.hop, [slopes.rules]) : returned(now, step.return.wrote);
  expect(`slope ${at}`, now, step.after);
});
slopes.joins.forEach(({ of: [one, two], gives }, at) => {
  expect(`join ${at}`, joined(one, two), gives);
  expect(`join ${at} the other way`, joined(two, one), gives);
});

const statements = load("statements");
{
  const ring = new Ring(statements.keys);
  const chain = readChain(statements.chain, ring);
  for (const { token, claims } of [statements.receipt, partial.receipt]) {
    const receipt = read(token, "receipt");
    ring.check(receipt, "worker", Math.floor(receipt.claims.ts_ms / 1000));
    expect("receipt", receipt.claims, claims);
  }
  const { anchor, revocation } = statements;
  expect("anchor", reanchor(chain, anchor.token, ring, anchor.before, anchor.now_ms), anchor.after);
  const again = () => reanchor(chain, anchor.token, ring, anchor.after, anchor.now_ms);
  expect("anchor once", codeOf(again), "statement");
  const revoked = read(revocation.token, "revocation");
  ring.check(revoked, "authority", revoked.claims.iat);
  const { action, facts, slope, now_ms: at } = revocation;
  const found = decide(chain, action, facts, slope, at, null, [revoked.claims]);
  expect("revocation", found.clauses, revocation.clauses);
}

const merkle = load("merkle");
const leaves = merkle.records.map((each) => leafOf(Buffer.from(each, "hex")));
const hex = (each) => each.toString("hex");
const unhex = (each) => Buffer.from(each, "hex");
merkle.roots.forEach((root, size) => expect(`root ${size}`, hex(rootOf(leaves.slice(0, size))), root));
for (const { index, size, proof } of merkle.inclusion) {
  const root = rootByInclusion(leaves[index], index, size, proof.map(unhex));
  expect(`inclusion ${index}/${size}`, hex(root), merkle.roots[size]);
}
for (const { old, new: size, proof } of merkle.consistency) {
  const roots = rootsByConsistency(old, size, unhex(merkle.roots[old]), proof.map(unhex));
  expect(`consistency ${old}/${size}`, roots.map(hex), [merkle.roots[old], merkle.roots[size]]);
}

const checkpoints = load("checkpoints");
const auditor = checkpoints.keys.keys.find((each) => each.remit_roles.includes("audit"));
for (const note of [checkpoints.note, checkpoints.witnessed]) {
  const [origin_, size, root] = signedBy(note, checkpoints.origin, 1, auditor.x).split("\n");
  const found = { origin: origin_, size: Number(size), root: hex(Buffer.from(root, "base64")) };
  expect("checkpoint", found, pick(checkpoints, Object.keys(found)));
}
const seen = signedBy(checkpoints.witnessed, checkpoints.witness, 4, checkpoints.witness_key);
expect("witness", seen, checkpoints.witnessed_at);

console.log(`${good} as expected, ${bad} otherwise`);
process.exit(bad ? 1 : 0);
