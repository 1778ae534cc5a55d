/**
 * cloud-init as Debian has it, but for what an emulated processor takes minutes for: keys of four kinds, a generated
 * locale, packages. Users, keys, network, name and a grown disk are done.
 */
const CLOUD_CONFIGURATION = `users: [default]
disable_root: true
preserve_hostname: false
ssh_genkeytypes: [ed25519]
locale: false
datasource_list: [NoCloud]
cloud_init_modules: [growpart, resizefs, set_hostname, update_hostname, update_etc_hosts, users-groups, ssh]
cloud_config_modules: [set-passwords, runcmd]
cloud_final_modules: [scripts-user]
system_info:
  distro: debian
  default_user:
    name: debian
    lock_passwd: true
    gecos: Debian
    groups: [sudo]
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
    shell: /bin/bash
  network:
    renderers: [networkd]
  paths:
    cloud_dir: /var/lib/cloud/
    templates_dir: /etc/cloud/templates/
  ssh_svcname: ssh
`;

/** Files of a virtual machine's disk that no package brings, by their path. */
export const GUEST_FILES: Readonly<Record<string, string>> = {
  "etc/fstab": "LABEL=root / ext4 errors=remount-ro 0 1\n",
  "etc/cloud/cloud.cfg": CLOUD_CONFIGURATION,
  "etc/cloud/ds-identify.cfg": "datasource: NoCloud\npolicy: enabled\n",
};
