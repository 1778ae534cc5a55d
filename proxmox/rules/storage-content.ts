/** Whether a volume is a disk of a guest: `rootdir` is a container's, `images` a virtual machine's. Others are archives, templates, ISO files. */
export function isDisk({ content }: { readonly content: string }): boolean {
  return content === "rootdir" || content === "images";
}

/** Whether a storage may have disks of guests, by its list of contents: `rootdir,images,backup`. */
export function mayHaveDisks({ content = "" }: { readonly content?: string | undefined }): boolean {
  return /rootdir|images/u.test(content);
}
