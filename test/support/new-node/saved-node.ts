import type { NodeFiles } from "../../../site/replaced-node/wanted-node";

/** A saved configuration with what real ones have, and with texts that a shell would like to run. */
export const savedNode: NodeFiles = new Map([
  ["etc/hostname", "pve-prod\n"],
  [
    "etc/pve/user.cfg",
    `user:root@pam:1:0:::root@example.com::
user:joe@pve:1:0:Joe:O'Neil:joe@example.com:night shift%3A $(reboot) \`id\` "x":x:
user:anna@corp:0:1893456000:::::
user:backup@pam:1:0:::::
token:joe@pve!automation:0:1:it's one%3A $(id):
token:root@pam!lifeboat:0:0::

group:admins:joe@pve,root@pam:those who may:
group:empty:::

pool:prod:guests of prod:101,102:local,share:

role:Lifeboat:VM.Backup,VM.Audit,Datastore.Audit:

acl:1:/:@admins:Administrator:
acl:0:/nodes/pve-prod:joe@pve:PVEAuditor:
acl:1:/storage/local:joe@pve!automation,root@pam!lifeboat:Lifeboat,PVEDatastoreUser:
what:is this
`,
  ],
  [
    "etc/pve/storage.cfg",
    `dir: local
	path /var/lib/vz
	content iso,vztmpl,backup,rootdir
	prune-backups keep-daily=7,keep-last=2

nfs: share
	export /srv/it's $HOME
	path /mnt/pve/share
	server 192.0.2.9
	content backup,images
	nodes pve-prod,pve2
	options vers=4.2

pbs: vault
	datastore main
	server 192.0.2.8
	content backup
	encryption-key 11:22:33
	fingerprint AA:BB
	username backup@pbs

nfs: silent
	export /srv
	path /mnt/pve/silent
	server 192.0.2.66
	content backup
	disable
`,
  ],
  [
    "etc/pve/domains.cfg",
    "pam: pam\n\tcomment Linux\n\nldap: corp\n\tbase_dn dc=example,dc=com\n\tserver1 192.0.2.7\n\tuser_attr uid\n",
  ],
  [
    "etc/pve/firewall/cluster.fw",
    "[OPTIONS]\n\nenable: 1\npolicy_in: DROP\n\n[RULES]\n\nIN ACCEPT -source 192.0.2.0/24 -p tcp -dport 8006 # it's $me\nEND_OF_FILE\n",
  ],
  ["etc/pve/nodes/pve-prod/host.fw", "[OPTIONS]\n\nlog_level_in: info\n"],
  ["etc/pve/jobs.cfg", "vzdump: lifeboat-prod\n\tschedule 01:00\n"],
  [
    "etc/network/interfaces",
    "auto lo\niface lo inet loopback\n\nauto vmbr0\niface vmbr0 inet static\n\taddress 192.0.2.11/24\n\tbridge-ports eno1\n",
  ],
]);
