/** Sections whose smallest program this kernel does not load, by their names, and why. */

interface Refusal {
  readonly refused: RegExp
  readonly why: string
}

const platform: Refusal = { refused: /EPERM/, why: 'this platform loads no fentry, fexit, fmod_ret and LSM programs' }
const operations: Refusal = {
  refused: /no reason given/,
  why: 'the program is an operation of a struct, which a program alone does not say',
}

export const REFUSED_SECTIONS: Readonly<Record<string, Refusal>> = {
  fentry: platform,
  'fentry.s': platform,
  fexit: platform,
  'fexit.s': platform,
  fmod_ret: platform,
  'fmod_ret.s': platform,
  lsm: platform,
  'lsm.s': platform,
  lsm_cgroup: platform,
  struct_ops: operations,
  'struct_ops.s': operations,
  freplace: { refused: /does not say what it attaches to/, why: 'it replaces a function of a program that is loaded' },
  lirc_mode2: {
    refused: /does not know the program type/,
    why: 'the kernel is built without CONFIG_BPF_LIRC_MODE2',
  },
}
