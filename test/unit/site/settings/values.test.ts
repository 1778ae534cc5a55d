import * as fc from "fast-check";
import { isInNetwork, parseHostAddress, parseIp } from "../../../../site/settings/values/addresses";
import { formatCheck, parseCheck } from "../../../../site/settings/values/checks";
import { parseDay } from "../../../../site/settings/values/days";
import { formatDuration, parseDuration } from "../../../../site/settings/values/durations";
import { parsePath } from "../../../../site/settings/values/paths";
import {
  formatSize,
  isVolumeSize,
  parseMemorySize,
  parseSize,
  parseSwapSize,
  parseVolumeSize,
} from "../../../../site/settings/values/sizes";

const notText = [undefined, null, 1, true, {}, []];

describe("sizes", () => {
  test.each([
    ["8GiB", 8 * 2 ** 30],
    ["8 GiB", 8 * 2 ** 30],
    ["0KiB", 0],
    ["1TiB", 2 ** 40],
  ])("%s", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each(["8", "8G", "8GB", "8gib", "8.5GiB", "-1GiB", "08GiB", " 8GiB", "8GiB ", "8  GiB", "999999999TiB", ""])(
    "%j is not one",
    (text) => expect(parseSize(text)).toBeUndefined(),
  );

  test.each(notText)("%j is not one", (value) => expect(parseSize(value)).toBeUndefined());

  test("come back as they were", () => {
    const units = fc.constantFrom("KiB", "MiB", "GiB", "TiB");
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4095 }), units, (count, unit) => {
        const bytes = parseSize(`${count}${unit}`) ?? 0;
        expect(parseSize(formatSize(bytes))).toBe(bytes);
      }),
    );
  });

  test("of volumes are whole GiB up to 1 TiB and whole TiB above, so that the provider's rounding never matters", () => {
    expect(["1GiB", "1024MiB", "1024GiB", "2TiB", "2048GiB"].map(parseVolumeSize)).not.toContain(undefined);
    expect(["0GiB", "512MiB", "1025MiB", "1025GiB", "1536GiB"].map(parseVolumeSize)).toEqual(Array(5).fill(undefined));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (gibibytes) => {
        const tebibytes = gibibytes / 1024;
        const rounded = gibibytes < 1024 ? gibibytes : (Math.ceil(tebibytes * 100) / 100) * 1024;
        if (isVolumeSize(gibibytes * 2 ** 30)) expect(rounded).toBe(gibibytes);
      }),
    );
  });

  test("of memory are whole MiB; swap may be nothing", () => {
    expect(parseMemorySize("512MiB")).toBe(512 * 2 ** 20);
    expect(parseMemorySize("1536KiB")).toBeUndefined();
    expect(parseMemorySize("0MiB")).toBeUndefined();
    expect([parseSwapSize(0), parseSwapSize("0"), parseSwapSize("1GiB")]).toEqual([0, 0, 2 ** 30]);
  });
});

describe("durations", () => {
  test.each([
    ["24h", 86_400],
    ["7d 2h", 612_000],
    ["7d2h", 612_000],
    ["1w 1d 1h 1m 1s", 694_861],
    ["0s", 0],
  ])("%s", (text, seconds) => expect(parseDuration(text)).toBe(seconds));

  test.each(["24", "24H", "1h 1h", "1m 1h", "1.5h", "-1h", "", "h", "1h  2m", "1y", ...notText])(
    "%j is not one",
    (value) => expect(parseDuration(value)).toBeUndefined(),
  );

  test("come back as they were", () => {
    fc.assert(fc.property(fc.nat(10 ** 8), (seconds) => expect(parseDuration(formatDuration(seconds))).toBe(seconds)));
  });
});

describe("days", () => {
  test.each([
    ["2027-06-30", "2027-06-30"],
    ["2027-06-30T00:00:00Z", "2027-06-30"],
    ["2027-06-30 00:00:00 +0000 UTC", "2027-06-30"],
    ["2028-02-29", "2028-02-29"],
  ])("%s", (text, day) => expect(parseDay(text)).toBe(day));

  test.each(["2027-02-29", "2027-13-01", "2027-6-30", "30.06.2027", "2027-06-30T01:00:00Z", "", ...notText])(
    "%j is not one",
    (value) => expect(parseDay(value)).toBeUndefined(),
  );
});

describe("addresses", () => {
  test.each([
    "192.0.2.1",
    "0.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "2001:db8::1",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
  ])("%s", (text) => expect(parseIp(text)).toBeDefined());

  test.each([
    "192.0.2",
    "192.0.2.256",
    "192.0.2.01",
    "192.0.2.1.1",
    "1::2::3",
    ":::",
    "1:2:3",
    "1:2:3:4:5:6:7:8::",
    "g::",
    "::1%eth0",
    "",
    ...notText,
  ])("%j is not one", (value) => expect(parseIp(value)).toBeUndefined());

  test("two spellings of one address are one number", () => {
    expect(parseIp("2001:db8::1")).toEqual(parseIp("2001:0DB8:0:0:0:0:0:1"));
  });

  test.each(["192.0.2.101/24", "192.0.2.0/31", "192.0.2.7/32", "2001:db8::1/64"])("host %s", (text) =>
    expect(parseHostAddress(text)).toBeDefined(),
  );

  test.each([
    "192.0.2.0/24",
    "192.0.2.255/24",
    "192.0.2.1/33",
    "192.0.2.1/0",
    "192.0.2.1/024",
    "192.0.2.1",
    "2001:db8::1/129",
  ])("%s is no host's", (text) => expect(parseHostAddress(text)).toBeUndefined());

  test("an address is in its own network, and the next network is not", () => {
    const octet = fc.integer({ min: 1, max: 254 });
    fc.assert(
      fc.property(octet, octet, fc.integer({ min: 8, max: 30 }), (third, fourth, prefix) => {
        const address = parseHostAddress(`198.51.${third}.${fourth}/${prefix}`);
        if (address === undefined) return;
        expect(isInNetwork(address, address)).toBe(true);
        const next = { family: address.family, value: address.value + (1n << BigInt(32 - prefix)) };
        expect(isInNetwork(address, next)).toBe(false);
      }),
    );
  });

  test("the two families never share a network", () => {
    const address = parseHostAddress("192.0.2.1/24");
    const other = parseIp("::c000:201");
    if (address === undefined || other === undefined) throw new Error("both are addresses");
    expect(isInNetwork(address, other)).toBe(false);
  });
});

describe("checks", () => {
  test.each(["running", "ping", "ssh", "tcp:80", "tcp:65535", "http:/=200", "http:8080/health?full=1=503"])(
    "%s comes back as it was",
    (text) => {
      const check = parseCheck(text);
      expect(check && formatCheck(check)).toBe(text);
    },
  );

  test("a command for the guest agent, with what it has to end with and to print [D1]", () => {
    expect(parseCheck({ "agent-exec": "systemctl is-active nginx" })).toEqual({
      kind: "agent-exec",
      command: "systemctl is-active nginx",
      exit: 0,
    });
    const check = parseCheck({ "agent-exec": ["cmd", "/c", "ver"], exit: 2, output: "ready" });
    expect(check).toEqual({ kind: "agent-exec", command: ["cmd", "/c", "ver"], exit: 2, output: "ready" });
    expect(check && formatCheck(check)).toBe("agent-exec: cmd /c ver");
  });

  test.each([
    {},
    { "agent-exec": "" },
    { "agent-exec": [] },
    { "agent-exec": ["", "x"] },
    { "agent-exec": "a\0b" },
    { "agent-exec": "true", exit: 256 },
    { "agent-exec": "true", exit: "0" },
    { "agent-exec": "true", output: 1 },
    { "agent-exec": "true", output: "/(/" },
    { "agent-exec": "true", command: "true" },
  ])("%j is none", (value) => expect(parseCheck(value)).toBeUndefined());

  test.each([
    "tcp",
    "tcp:",
    "tcp:0",
    "tcp:65536",
    "tcp:080",
    "udp:53",
    "PING",
    "",
    "http:80=200",
    "http:/a b=200",
    "http:/=999",
    "http:0/=200",
    "http:/;id=200",
    ...notText,
  ])("%j is not one", (value) => expect(parseCheck(value)).toBeUndefined());
});

describe("paths", () => {
  test.each([
    ["/srv", "/srv"],
    ["/srv/", "/srv"],
    ["/var/lib/postgresql-16/main.d", "/var/lib/postgresql-16/main.d"],
  ])("%s", (text, path) => expect(parsePath(text)).toBe(path));

  test.each([
    "/",
    "",
    "srv",
    "//srv",
    "/srv//a",
    "/srv/..",
    "/./a",
    "/a b",
    "/a,b",
    "/a:b",
    "/a'b",
    "/a$b",
    "/a\n",
    "/é",
    ...notText,
  ])("%j is not one", (value) => expect(parsePath(value)).toBeUndefined());
});
