/** How Proxmox words a missing privilege, and what only root@pam may do. Source: recordings, and pve-container 6.1. */
const notAllowed = /Permission check failed|only allowed for root@pam|only possible for root|Only root (?:may|can) /u;

/** Whether a text of Proxmox, such as a task's exit status, says that the caller may not do it. */
export function saysNotAllowed(text: string): boolean {
  return notAllowed.test(text);
}
