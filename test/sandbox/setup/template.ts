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
