import type { ConfigurationSection } from "../../../proxmox/rules/section-configuration";
import type {
  ConfiguredGroup,
  ConfiguredPool,
  ConfiguredRight,
  ConfiguredToken,
  ConfiguredUser,
} from "../../../proxmox/rules/user-configuration";
import type { WantedNode } from "../../../site/replaced-node/wanted-node";
import { byHand, line, optionsOf, want } from "./words";

/** What makes roles, groups, users, tokens, pools and rights, each before what needs it. */
export function accessLines({ realms, access }: WantedNode): string[] {
  const { roles, groups, users, tokens, pools, acl } = access;
  return [
    ...realms.map(realmLine),
    ...roles.map(({ id, privileges, line: saved }) =>
      want(`role ${id}`, line("role_line", id), saved, [
        "pveum",
        "role",
        "add",
        id,
        ...optionsOf({ privs: privileges.join(",") }),
      ]),
    ),
    ...groups.map(groupLine),
    ...users.flatMap(userLines),
    ...groups.flatMap(memberLines),
    ...tokens.flatMap(tokenLines),
    ...pools.flatMap(poolLines),
    ...acl.map(rightLine),
  ];
}

function realmLine({ type, id, properties }: ConfigurationSection): string {
  const options = optionsOf(Object.fromEntries(properties));
  const text = `realm ${id}, with its password where it has one: ${line("pveum", "realm", "add", id, "--type", type, ...options)}`;
  const here = `${line("section", "/etc/pve/domains.cfg", id)} | sed -n 's/^type //p'`;
  return byHand(`realm ${id}`, here, type, text);
}

function groupLine({ id, comment, line: saved }: ConfiguredGroup): string {
  const command = ["pveum", "group", "add", id, ...optionsOf({ comment })];
  return want(`group ${id}`, line("comment_line", "group", id, "4"), saved, command);
}

function userLines(user: ConfiguredUser): string[] {
  const { id, enabled, expire, firstName, lastName, email, comment, hasSecondFactor, line: saved } = user;
  const options = optionsOf({
    enable: enabled ? "1" : "0",
    expire: expire === 0 ? undefined : String(expire),
    firstname: firstName,
    lastname: lastName,
    email,
    comment,
  });
  const name = id.slice(0, id.lastIndexOf("@"));
  const password = {
    pve: [`password: ${line("pveum", "passwd", id)}`],
    pam: [`${id} is a user of the system: ${line("adduser", name)}`],
  };
  const realm = id.slice(id.lastIndexOf("@") + 1);
  const more = [
    ...(realm === "pve" || realm === "pam" ? password[realm] : []),
    ...(hasSecondFactor ? [`second factor of ${id}: it is set up again`] : []),
  ];
  return [
    want(`user ${id}`, line("lines", "user", id, "8"), saved, ["pveum", "user", "add", id, ...options]),
    ...more.map((text) => line("then_later", text)),
  ];
}

function memberLines({ id, members }: ConfiguredGroup): string[] {
  return members.map((user) =>
    want(`${user} in group ${id}`, line("member", "group", id, "3", user), "yes", [
      "pveum",
      "user",
      "modify",
      user,
      "--groups",
      id,
      "--append",
      "1",
    ]),
  );
}

/** Nothing has a token's secret but whoever uses it: a new one is made, into a file that only root reads. */
function tokenLines({ user, name, expire, separated, comment, line: saved }: ConfiguredToken): string[] {
  const id = `${user}!${name}`;
  const options = optionsOf({
    privsep: separated ? "1" : "0",
    expire: expire === 0 ? undefined : String(expire),
    comment,
  });
  return [want(`token ${id}`, line("lines", "token", id, "5"), saved, ["new_token", user, name, ...options])];
}

function poolLines({ id, comment, storages, guests, line: saved }: ConfiguredPool): string[] {
  return [
    want(`pool ${id}`, line("comment_line", "pool", id, "3"), saved, [
      "pveum",
      "pool",
      "add",
      id,
      ...optionsOf({ comment }),
    ]),
    ...storages.map((storage) =>
      want(`storage ${storage} in pool ${id}`, line("member", "pool", id, "5", storage), "yes", [
        "pveum",
        "pool",
        "modify",
        id,
        "--storage",
        storage,
      ]),
    ),
    ...guests.map((guest) =>
      byHand(
        `guest ${String(guest)} in pool ${id}`,
        line("member", "pool", id, "4", String(guest)),
        "yes",
        `when guest ${String(guest)} is back, and not in its pool: ${line("pveum", "pool", "modify", id, "--vms", String(guest))}`,
      ),
    ),
  ];
}

function rightLine({ path, kind, who, role, propagate }: ConfiguredRight): string {
  const holder = kind === "groups" ? `@${who}` : who;
  const handedOn = propagate ? "1" : "0";
  return want(`${role} on ${path} for ${holder}`, line("right", path, holder, role), handedOn, [
    "pveum",
    "acl",
    "modify",
    path,
    `--${kind}`,
    who,
    "--roles",
    role,
    "--propagate",
    handedOn,
  ]);
}
