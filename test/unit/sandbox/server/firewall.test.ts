import { formatFirewall, parseFirewall } from "../../../sandbox/firewall/file";
import { unifiedHunks } from "../../../sandbox/model/unified-diff";
import { type Reply, TestServer, TOKENS } from "./support";

let site: TestServer;

beforeAll(async () => {
  site = await TestServer.start();
});

afterAll(() => site.end());

function call(
  method: string,
  path: string,
  parameters: Record<string, string> = {},
  token = TOKENS.root,
): Promise<Reply> {
  const query = new URLSearchParams(parameters).toString();
  if (method === "POST" || method === "PUT") return site.call(method, path, { token, body: query });
  return site.call(method, query === "" ? path : `${path}?${query}`, { token });
}

const guest = "/nodes/one/lxc/101/firewall";
const levels = ["/cluster/firewall", "/nodes/one/firewall", guest];

test.each(levels)("%s: a new rule goes first, moves before another, and is gone when it is deleted", async (level) => {
  const rules = async (): Promise<unknown> => (await call("GET", `${level}/rules`)).body.data;
  await call("POST", `${level}/rules`, {
    type: "in",
    action: "ACCEPT",
    proto: "tcp",
    dport: "22",
    enable: "1",
    comment: "ssh",
  });
  await call("POST", `${level}/rules`, { type: "in", action: "DROP" });
  expect(await rules()).toMatchObject([
    { pos: 0, action: "DROP", enable: 0 },
    { pos: 1, action: "ACCEPT", enable: 1, dport: "22", comment: "ssh" },
  ]);
  await call("PUT", `${level}/rules/0`, { moveto: "2" });
  expect(await rules()).toMatchObject([{ action: "ACCEPT" }, { action: "DROP" }]);
  await call("PUT", `${level}/rules/0`, { comment: "", enable: "0" });
  expect((await call("GET", `${level}/rules/0`)).body.data).toMatchObject({ pos: "0", enable: 0, dport: "22" });
  expect((await call("GET", `${level}/rules/0`)).body.data).not.toHaveProperty("comment");
  await call("DELETE", `${level}/rules/0`);
  await call("DELETE", `${level}/rules/0`);
  expect(await rules()).toEqual([]);
  expect(await call("GET", `${level}/rules/0`)).toMatchObject({ status: 500, reason: "no rule at position 0" });
});

test("a digest of another version refuses a change", async () => {
  await call("POST", `${guest}/rules`, { type: "in", action: "ACCEPT" });
  const digest = "0".repeat(40);
  expect(await call("DELETE", `${guest}/rules/0`, { digest })).toMatchObject({ status: 500 });
  expect((await call("GET", `${guest}/rules`)).body.data).toHaveLength(1);
  const [rule] = (await call("GET", `${guest}/rules`)).body.data as { digest: string }[];
  expect(await call("DELETE", `${guest}/rules/0`, { digest: rule?.digest ?? "" })).toMatchObject({ status: 200 });
});

const named = "/cluster/firewall";

// Each is refused for the first thing that is wrong with it.
test.each<[level: string, rule: Record<string, string>, errors: Record<string, string>]>([
  [guest, { dport: "22" }, { proto: "missing property - 'dport' requires this property" }],
  [guest, { sport: "22", macro: "HTTP" }, { proto: "missing property - 'sport' requires this property" }],
  [guest, { dport: "22", proto: "gre" }, { dport: "protocol 'gre' does not support ports" }],
  [guest, { dport: "nosuch", proto: "tcp" }, { dport: "invalid format - invalid port 'nosuch'\n" }],
  [
    guest,
    { dport: "90:80", proto: "tcp" },
    { dport: "invalid format - backwards range '90:80' not allowed, did you mean '80:90'?\n" },
  ],
  [guest, { dport: "80,", proto: "tcp" }, { dport: "invalid format - extraneous commas in list\n" }],
  [guest, { proto: "nosuch" }, { proto: "invalid format - unknown protocol 'nosuch'\n" }],
  [guest, { "icmp-type": "echo-request" }, { proto: "missing property - 'icmp-type' requires this property" }],
  [guest, { "icmp-type": "any", proto: "icmpv6" }, { "icmp-type": "invalid icmp-type 'any' for proto 'icmpv6'" }],
  [guest, { action: "ALLOW" }, { action: "unknown action 'ALLOW'" }],
  [guest, { action: "accept" }, { action: "unknown action 'accept'" }],
  [guest, { type: "forward" }, { type: "invalid rule type 'forward' for rule_env 'ct'" }],
  [named, { type: "forward", action: "REJECT" }, { action: "cannot define REJECT rules on forward chain" }],
  [guest, { iface: "eth0" }, { iface: "value does not match the regex pattern 'net\\d+'" }],
  [guest, { macro: "nosuch" }, { macro: "unknown macro 'nosuch'" }],
  [guest, { macro: "SSH", proto: "udp" }, { proto: "parameter 'proto' already define in macro (value = 'tcp')" }],
  [guest, { source: "nosuch" }, { source: "no such alias 'nosuch'" }],
  [guest, { dest: "+dc/nosuch" }, { dest: "no such ipset 'nosuch'" }],
  [
    guest,
    { source: "192.0.2.300" },
    { source: "invalid format - invalid IP address: Invalid quad in IP address 192.0.2.300 - 300\n" },
  ],
  [
    guest,
    { source: "192.0.2.1/24" },
    { source: "invalid format - invalid IP address: Invalid prefix 11000000000000000000001000000001/24\n" },
  ],
  [
    guest,
    { source: "192.0.2.1,2001:db8::1" },
    {
      source: "invalid format - detected mixed ipv4/ipv6 addresses in address list '192.0.2.1,2001:db8::1'\n",
    },
  ],
  [guest, { source: "192.0.2.1", dest: "2001:db8::1" }, { dest: "detected mixed ipv4/ipv6 addresses in rule" }],
])("%s refuses the rule %j", async (level, rule, errors) => {
  const refused = await call("POST", `${level}/rules`, { type: "in", action: "ACCEPT", ...rule });
  expect(refused).toMatchObject({ status: 400, body: { errors } });
});

test("a rule may name a group that is not there, follows its new name, and writes its macro as Proxmox does", async () => {
  const create = (rule: Record<string, string>): Promise<Reply> => call("POST", `${guest}/rules`, rule);
  expect(await create({ type: "group", action: "web" })).toMatchObject({ status: 200 });
  await call("POST", "/cluster/firewall/groups", { group: "web" });
  expect(await call("POST", "/cluster/firewall/groups", { group: "front", rename: "web" })).toMatchObject({
    status: 200,
  });
  expect((await call("POST", "/cluster/firewall/groups", { group: "x1", rename: "web" })).body.errors).toEqual({
    group: "Security group 'web' does not exist",
  });
  await create({ type: "in", action: "ACCEPT", macro: "https" });
  expect((await call("GET", `${guest}/rules`)).body.data).toMatchObject([{ macro: "HTTPS" }, { action: "front" }]);
  expect((await call("PUT", `${guest}/rules/0`, { delete: "action" })).body.errors).toEqual({
    delete: "unable to delete required property 'action'",
  });
  expect((await call("PUT", `${guest}/rules/0`, { delete: "nosuch" })).body.errors).toEqual({
    delete: "no such property ('nosuch')",
  });
  await call("DELETE", `${guest}/rules/0`);
  await call("DELETE", `${guest}/rules/0`);
});

test("a rule has the version of its alias, and says so when the alias is gone", async () => {
  await call("POST", `${named}/aliases`, { name: "Six", cidr: "2001:db8::1/128" });
  await call("POST", `${guest}/rules`, { type: "in", action: "ACCEPT", source: "six" });
  expect((await call("GET", `${guest}/rules/0`)).body.data).toMatchObject({ ipversion: 6 });
  expect((await call("GET", `${named}/aliases/six`)).body.data).toEqual({
    name: "Six",
    cidr: "2001:db8::1",
    ipversion: 6,
  });
  await call("DELETE", `${named}/aliases/Six`);
  expect(await call("DELETE", `${named}/aliases/Six`)).toMatchObject({ status: 200 });
  expect((await call("GET", `${guest}/rules/0`)).body.data).toMatchObject({
    errors: { source: "no such alias 'six'" },
  });
  await call("DELETE", `${guest}/rules/0`);
});

test("an entry of a set is its network, an alias that is there, and not everything", async () => {
  await call("POST", `${named}/ipset`, { name: "Lan", comment: "c" });
  expect((await call("GET", `${named}/ipset`)).body.data).toMatchObject([{ name: "lan", comment: "c" }]);
  const add = (cidr: string): Promise<Reply> => call("POST", `${named}/ipset/lan`, { cidr });
  expect(await add("192.0.2.9/24")).toMatchObject({ status: 200 });
  expect(await add("2001:DB8:0:0::9/64")).toMatchObject({ status: 200 });
  expect((await add("192.0.2.0/24")).body.errors).toEqual({ cidr: "address '192.0.2.0/24' already exists" });
  expect((await add("0.0.0.0/0")).body.errors).toEqual({ cidr: "a zero prefix is not allowed in ipset entries" });
  expect((await add("192.0.2.0/33")).body.errors).toEqual({
    cidr: "invalid format - Prefix length 33 is longer than IP address (32)\n",
  });
  expect(await add("nosuch")).toMatchObject({ status: 500, reason: "no such alias 'nosuch'" });
  expect((await call("GET", `${named}/ipset/lan`)).body.data).toMatchObject([
    { cidr: "192.0.2.0/24" },
    { cidr: "2001:db8::/64" },
  ]);
  expect((await call("GET", `${named}/ipset/lan/192.0.2.9`)).body.errors).toEqual({ cidr: "no such IP/Network" });
  expect(await call("DELETE", `${named}/ipset/lan/192.0.2.9`)).toMatchObject({ status: 200 });
  expect(await call("POST", `${named}/ipset`, { name: "net", rename: "lan" })).toMatchObject({ status: 200 });
  expect((await call("POST", `${named}/ipset`, { name: "x1", rename: "lan" })).body.errors).toEqual({
    name: "IPSet 'lan' does not exist",
  });
  expect(await call("DELETE", `${named}/ipset/net`, { force: "1" })).toMatchObject({ status: 200 });
});

test("sets hold networks sorted, and go only when they are empty or by force", async () => {
  await call("POST", `${guest}/ipset`, { name: "clients" });
  await call("POST", `${guest}/ipset/clients`, { cidr: "192.0.2.128/25", nomatch: "1" });
  await call("POST", `${guest}/ipset/clients`, { cidr: "192.0.2.0/24", comment: "lan" });
  expect((await call("GET", `${guest}/ipset/clients`)).body.data).toMatchObject([
    { cidr: "192.0.2.0/24", comment: "lan" },
    { cidr: "192.0.2.128/25", nomatch: 1 },
  ]);
  expect(await call("POST", `${guest}/ipset/clients`, { cidr: "192.0.2.0/24" })).toMatchObject({ status: 400 });
  expect(await call("DELETE", `${guest}/ipset/clients`)).toMatchObject({ reason: "IPSet 'clients' is not empty" });
  expect(await call("DELETE", `${guest}/ipset/clients/192.0.2.0%2F24`)).toMatchObject({ status: 200 });
  expect(await call("DELETE", `${guest}/ipset/clients`, { force: "1" })).toMatchObject({ status: 200 });
});

test("an alias has its address's version, can be renamed, and is known to rules of the level and below", async () => {
  await call("POST", "/cluster/firewall/aliases", { name: "mgmt", cidr: "2001:db8::/64" });
  expect((await call("GET", "/cluster/firewall/aliases/mgmt")).body.data).toEqual({
    name: "mgmt",
    cidr: "2001:db8::/64",
    ipversion: 6,
  });
  await call("PUT", "/cluster/firewall/aliases/mgmt", { cidr: "192.0.2.1", rename: "desk" });
  expect(await call("GET", "/cluster/firewall/aliases/mgmt")).toMatchObject({ status: 400 });
  expect((await call("GET", `${guest}/refs`, { type: "alias" })).body.data).toEqual([
    { type: "alias", name: "desk", scope: "dc", ref: "dc/desk" },
  ]);
});

test("options are numbers where they are switches, and a deleted one is gone", async () => {
  await call("PUT", `${guest}/options`, { enable: "1", policy_in: "DROP" });
  expect((await call("GET", `${guest}/options`)).body.data).toMatchObject({ enable: 1, policy_in: "DROP" });
  await call("PUT", `${guest}/options`, { delete: "policy_in" });
  expect((await call("GET", `${guest}/options`)).body.data).not.toHaveProperty("policy_in");
  expect((await call("PUT", `${guest}/options`, { delete: "nosuch" })).body.errors).toEqual({
    delete: "no such option 'nosuch'",
  });
});

test("a guest's firewall needs the privileges on the guest, and the datacenter's those on /", async () => {
  expect(await call("GET", `${guest}/rules`, {}, TOKENS.own)).toMatchObject({ status: 200 });
  expect(await call("GET", "/nodes/two/lxc/102/firewall/rules", {}, TOKENS.less)).toMatchObject({ status: 200 });
  const rule = { type: "in", action: "ACCEPT" };
  expect(await call("POST", "/nodes/two/lxc/102/firewall/rules", rule, TOKENS.own)).toMatchObject({ status: 403 });
  expect(await call("PUT", "/cluster/firewall/options", { enable: "1" }, TOKENS.own)).toMatchObject({ status: 403 });
});

test("the files are written as Proxmox writes them, and read back the same", () => {
  const text = [
    "[OPTIONS]",
    "",
    "enable: 1",
    "",
    "[ALIASES]",
    "",
    "web 192.0.2.7 # the front",
    "",
    "[IPSET clients] # who may come in",
    "",
    "192.0.2.0/24 # lan",
    "!192.0.2.128/25",
    "",
    "[RULES]",
    "",
    "IN ACCEPT -source +clients -p tcp -dport 22 -log info # ssh",
    "|OUT DROP",
    "IN HTTPS(ACCEPT)",
    "GROUP web",
    "",
    "[group web]",
    "",
    "IN ACCEPT -p tcp -dport 443",
    "",
  ].join("\n");
  expect(formatFirewall(parseFirewall(text))).toBe(text);
});

test("changes of the network wait with their difference until they are applied or reverted", async () => {
  const bridge = { iface: "vmbr9", type: "bridge", cidr: "192.0.2.1/24", autostart: "1", comments: "lab" };
  const before = site.node().state.interfaces;
  expect(await call("POST", "/nodes/one/network", bridge)).toMatchObject({ status: 200 });
  expect((await call("POST", "/nodes/one/network", bridge)).body.errors).toEqual({ iface: "interface already exists" });
  const listed = JSON.parse((await call("GET", "/nodes/one/network")).text);
  expect(listed.changes).toContain("+iface vmbr9 inet static\n+\taddress 192.0.2.1/24\n");
  expect(listed.data).toContainEqual(
    expect.objectContaining({ iface: "vmbr9", comments: "lab\n", address: "192.0.2.1" }),
  );
  expect(await call("DELETE", "/nodes/one/network")).toMatchObject({ status: 200 });
  expect(site.node().state.interfaces).toBe(before);
  expect(await call("GET", "/nodes/one/network/vmbr9")).toMatchObject({ status: 400 });
  await call("POST", "/nodes/one/network", bridge);
  await call("PUT", "/nodes/one/network/vmbr9", { type: "bridge", cidr: "192.0.2.1/24", mtu: "1400" });
  const upid = String((await call("PUT", "/nodes/one/network")).body.data);
  await site.node().tasks.wait(upid);
  expect(JSON.parse((await call("GET", "/nodes/one/network")).text)).not.toHaveProperty("changes");
  expect((await call("GET", "/nodes/one/network/vmbr9")).body.data).toMatchObject({ mtu: "1400" });
  expect(await call("DELETE", "/nodes/one/network/vmbr9", {}, TOKENS.own)).toMatchObject({ status: 403 });
});

test("hunks are those of diff -u", () => {
  expect(unifiedHunks("a\nb\nc\n", "a\nb\nc\n")).toBe("");
  expect(unifiedHunks("1\n2\n3\n4\n5\n", "1\n2\n3\nnew\n4\n5\n")).toBe("@@ -1,5 +1,6 @@\n 1\n 2\n 3\n+new\n 4\n 5\n");
  expect(unifiedHunks("a\n", "b\n")).toBe("@@ -1 +1 @@\n-a\n+b\n");
});
