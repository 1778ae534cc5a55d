import { parseSections } from "../../../../proxmox/rules/section-configuration";
import { parseUserConfiguration } from "../../../../proxmox/rules/user-configuration";

test("users, tokens, groups, roles, pools and rights are read with their texts decoded [H5]", () => {
  const text = [
    "user:joe@pve:1:0:J%C3%B6rg:O'Neil:joe@example.com:night%3A 100%25:x!otp:",
    "user:joe@corp.example@ad:0:1893456000:::::",
    "token:joe@pve!auto:0:1:by%3A it:",
    "group:admins:joe@pve:who may:",
    "role:Own:VM.Backup,VM.Audit:",
    "pool:prod/web::101,102:local:",
    "acl:1:/vms/101:@admins,joe@pve,joe@pve!auto:Own,PVEAuditor:",
  ].join("\n");
  const { users, tokens, groups, roles, pools, acl, unread } = parseUserConfiguration(`${text}\n`);
  expect(users).toEqual([
    {
      id: "joe@pve",
      enabled: true,
      expire: 0,
      firstName: "Jörg",
      lastName: "O'Neil",
      email: "joe@example.com",
      comment: "night: 100%",
      hasSecondFactor: true,
      line: "user:joe@pve:1:0:J%C3%B6rg:O'Neil:joe@example.com:night%3A 100%25",
    },
    expect.objectContaining({ id: "joe@corp.example@ad", enabled: false, expire: 1893456000, hasSecondFactor: false }),
  ]);
  expect(tokens).toEqual([
    expect.objectContaining({ user: "joe@pve", name: "auto", separated: true, comment: "by: it" }),
  ]);
  expect(groups).toEqual([{ id: "admins", members: ["joe@pve"], comment: "who may", line: "group:admins:who may" }]);
  expect(roles).toEqual([{ id: "Own", privileges: ["VM.Audit", "VM.Backup"], line: "role:Own:VM.Audit,VM.Backup" }]);
  expect(pools).toEqual([
    { id: "prod/web", comment: "", guests: [101, 102], storages: ["local"], line: "pool:prod/web:" },
  ]);
  expect(acl.map(({ kind, who, role }) => `${kind} ${who} ${role}`)).toEqual([
    "groups admins Own",
    "groups admins PVEAuditor",
    "users joe@pve Own",
    "users joe@pve PVEAuditor",
    "tokens joe@pve!auto Own",
    "tokens joe@pve!auto PVEAuditor",
  ]);
  expect(unread).toEqual([]);
});

test("a line that is not understood is named, and never read as something else [H5]", () => {
  const lines = [
    "user:-joe@pve:1:0:::::",
    "user:joe:1:0:::::",
    "user:joe@pve:1:soon:::::",
    "token:joe@pve:0:1::",
    "role:a b:VM.Audit:",
    "role:x:VM.Audit --force:",
    "group:admins:joe:x:",
    "acl:1:vms:joe@pve:Own:",
    "acl:1:/:joe:Own:",
    "pool:p:x:one::",
    "new:thing:",
  ];
  const { unread, ...read } = parseUserConfiguration(lines.join("\n"));
  expect(unread).toEqual(lines);
  expect(Object.values(read).flat()).toEqual([]);
});

test("sections have a type, a name and their properties; what stands below a name that is none belongs to no other [H5]", () => {
  const { sections, unread } = parseSections(
    "# by hand\ndir: local\n\tpath /var/lib/vz\n\tdisable\n\tcontent iso, images \n\nnfs: bad name\n\tserver 192.0.2.1\n\npbs: vault\n",
  );
  expect(sections).toEqual([
    {
      type: "dir",
      id: "local",
      properties: new Map([
        ["path", "/var/lib/vz"],
        ["disable", "1"],
        ["content", "iso, images"],
      ]),
    },
    { type: "pbs", id: "vault", properties: new Map() },
  ]);
  expect(unread).toEqual(["nfs: bad name", "\tserver 192.0.2.1"]);
});
