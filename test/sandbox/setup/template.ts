import { builtOnce } from "./images/built-once";
import { type DebianRecipe, makeDebian, withoutIdentity, withoutManuals } from "./images/debian-tree";

/** Name of the container template on each node's storage `local`, as the settings' examples have it. */
export const TEMPLATE = "debian-12-standard_amd64.tar.zst";

/** How the template of the real driver is made. */
const RECIPE: DebianRecipe = {
  suite: "bookworm",
  variant: "minbase",
  packages: [
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "iproute2",
    "iputils-ping",
    "procps",
    "ca-certificates",
    "curl",
    "openssl",
    "rclone",
    "less",
    "vim-tiny",
    "zstd",
  ],
  ...withoutManuals,
  hooks: ['chroot "$1" systemctl enable systemd-networkd', ...withoutIdentity],
};

/** Name of the template that runs Docker: on the nodes of a site that was brought up with it. */
export const DOCKER_TEMPLATE = "debian-12-docker_amd64.tar.zst";

const DOCKER_RECIPE: DebianRecipe = {
  ...RECIPE,
  packages: [...RECIPE.packages, "docker.io", "docker-compose", "iptables"],
};

/** Name of the template with databases, what backs them up, and Docker: on the nodes of a site that was brought up with it. */
export const DATABASE_TEMPLATE = "debian-12-databases_amd64.tar.zst";

/** Clusters of both databases are made by their packages, so they run at the first boot. */
const DATABASE_RECIPE: DebianRecipe = {
  ...DOCKER_RECIPE,
  packages: [
    ...DOCKER_RECIPE.packages,
    "postgresql-15",
    "mariadb-server",
    "pgbackrest",
    "age",
    "restic",
    "attr",
    "acl",
    "faketime",
  ],
};

/**
 * The template of the real driver: made with mmdebstrap the first time, kept in the user's cache afterwards.
 *
 * @param say receives one line before the work that takes half a minute
 * @returns path of the file in the cache
 */
export function realTemplate(say: (line: string) => void): Promise<string> {
  const build = (file: string, temporary: string): Promise<void> => makeDebian(RECIPE, file, temporary);
  return builtOnce({ kind: "templates", name: TEMPLATE, recipe: RECIPE, build }, () =>
    say("Making the container template from Debian packages (half a minute, once)"),
  );
}

/** The same with Docker, which a container needs the feature `nesting` for. */
export function dockerTemplate(say: (line: string) => void): Promise<string> {
  const build = (file: string, temporary: string): Promise<void> => makeDebian(DOCKER_RECIPE, file, temporary);
  return builtOnce({ kind: "templates", name: DOCKER_TEMPLATE, recipe: DOCKER_RECIPE, build }, () =>
    say("Making the container template with Docker from Debian packages (a minute, once)"),
  );
}

/** The same with databases; a container of it that runs Docker needs the feature `nesting`. */
export function databaseTemplate(say: (line: string) => void): Promise<string> {
  const build = (file: string, temporary: string): Promise<void> => makeDebian(DATABASE_RECIPE, file, temporary);
  return builtOnce({ kind: "templates", name: DATABASE_TEMPLATE, recipe: DATABASE_RECIPE, build }, () =>
    say("Making the container template with databases from Debian packages (two minutes, once)"),
  );
}
