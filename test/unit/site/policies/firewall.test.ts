import {
  firewalledGuests,
  firewallFindings,
  type FirewallFacts,
  unknownFirewall,
} from "../../../../site/policies/firewall";
import { environmentOf, exampleContainer, exampleSettings } from "../../../support/example-environment";

const today = "2026-11-21";
const guarded = { ...exampleContainer(), network: { ...exampleContainer().network, firewall: true } };
const store = { ...guarded, id: 302, network: { ...guarded.network, address: "192.0.2.132/24" } };
const stateStore = {
  guest: "store",
  server: { file: "minio", sha256: "0".repeat(64) },
  allow: ["192.0.2.0/24"],
  ports: { api: 9000, console: 9001 },
};
const open = { ...exampleContainer(), id: 103, network: { ...exampleContainer().network, address: "192.0.2.103/24" } };

function site(other: Readonly<Record<string, unknown>> = {}) {
  return environmentOf({ ...exampleSettings(), guests: { web: guarded, store, open }, stateStore, ...other });
}

const on = { guest: true, card: true };
const allOn: FirewallFacts = {
  datacenter: true,
  guests: new Map([
    [101, on],
    [302, on],
  ]),
};

test("only guests with the firewall on their card are looked at [B1]", () => {
  expect(firewalledGuests(site()).map(({ name }) => name)).toEqual(["web", "store"]);
});

test("nothing is found while all is on, nor where it is not known [B1]", () => {
  expect(firewallFindings(site(), allOn, today)).toEqual([]);
  expect(firewallFindings(site(), unknownFirewall, today)).toEqual([]);
  const unknown = { guest: undefined, card: undefined };
  expect(firewallFindings(site(), { datacenter: undefined, guests: new Map([[101, unknown]]) }, today)).toEqual([]);
});

test("the datacenter's switch is one finding for all of them, and names the store's ports [A12, B1]", () => {
  expect(firewallFindings(site(), { ...allOn, datacenter: false }, today)).toMatchObject([
    {
      policy: "hazards",
      weight: "note",
      path: ["guests"],
      guests: ["web", "store"],
      text: "the firewall rules of web and store have no effect: the datacenter's firewall is off",
      details: [
        "ports 9000 and 9001 of the state store are open to every network that reaches store, not only to those of lifeboat:stateStore.allow",
      ],
    },
  ]);
});

test("a guest's own switch and its card's are told with what sets them again [A12, B1]", () => {
  const facts = {
    ...allOn,
    guests: new Map([
      [101, { guest: false, card: true }],
      [302, { guest: false, card: false }],
    ]),
  };
  expect(firewallFindings(site(), facts, today)).toMatchObject([
    {
      path: ["guests", "web", "network", "firewall"],
      text: "the firewall rules of web have no effect: the guest's own firewall is off",
      hint: expect.stringContaining("pvesh set /nodes/pve-prod/lxc/101/firewall/options --enable 1"),
    },
    {
      text: "the firewall rules of store have no effect: the guest's own firewall is off",
      hint: expect.stringContaining("pulumi up --refresh -s prod"),
    },
    { text: "the firewall rules of store have no effect: the firewall of its network card is off on the node" },
  ]);
});

test("what somebody accepts is not told, until its last day [A12]", () => {
  const accepted = { hazard: "firewall-off", reason: "a firewall stands before the site", owner: "ops" };
  const off = { ...allOn, datacenter: false };
  const texts = (entry: Readonly<Record<string, string>>): string[] =>
    firewallFindings(site({ acknowledge: [{ ...accepted, ...entry }] }), off, today).map(({ text }) => text);
  expect(texts({ until: "2026-11-21" })).toEqual([]);
  expect(texts({ until: "2026-11-20" })).toHaveLength(1);
  expect(texts({ until: "2026-12-31", guest: "web" })).toEqual([
    "the firewall rules of store have no effect: the datacenter's firewall is off",
  ]);
});
