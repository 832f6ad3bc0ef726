/**
 * BPF_PROG_TEST_RUN (net/bpf/test_run.c, 6.18). What may be given differs by program type: packet types take a packet,
 * a context and a repeat count; raw tracepoints and syscall programs only a context, which a syscall program changes in
 * place; the kernel refuses everything else with EINVAL.
 */
import type { ProgramSpec } from '@unplugin-bpf/core/object'
import type { RunInput, RunResult } from '@unplugin-bpf/core/runtime'
import { SyscallError } from './errors.ts'
import { capabilitiesOf, programTypeOf } from './program-type.ts'
import { ATTR } from './sys/attr.ts'
import { bpf, readBpf } from './sys/bpf.ts'

/** Room for what a program may add to its packet: XDP grows within a page, the others by a few headers. */
const GROWTH = 4096
/** Shorter packets are refused (bpf_test_init). */
const ETH_HLEN = 14

type RunShape = 'packet' | 'context' | 'contextInPlace' | 'contextRaw' | 'nothing'

/** Program types that take no packet; the others do. */
const SHAPES: Readonly<Record<string, RunShape>> = {
  sk_lookup: 'context',
  raw_tracepoint: 'contextRaw',
  raw_tracepoint_writable: 'contextRaw',
  syscall: 'contextInPlace',
  tracing: 'nothing',
}

export function testRun(spec: ProgramSpec, fd: number, input: RunInput): RunResult {
  const row = programTypeOf(spec)
  if (!row.testRun)
    throw new TypeError(
      `program "${spec.name}": the kernel cannot run ${spec.type} programs on given data; attach it instead`,
    )
  const shape = SHAPES[spec.type] ?? 'packet'
  const ctxIn = shape === 'nothing' ? undefined : input.ctx && Uint8Array.from(input.ctx)
  const ctxOut = ctxIn && (shape === 'packet' || shape === 'context') ? new Uint8Array(ctxIn.length) : undefined
  const dataOut = shape === 'packet' ? new Uint8Array((input.data?.length ?? 0) + GROWTH) : undefined
  const result = bpf(ATTR.testRun, {
    prog_fd: fd,
    repeat: shape === 'packet' || shape === 'context' ? (input.repeat ?? 1) : 0,
    ...(shape === 'packet' && input.data && { data_in: input.data, data_size_in: input.data.length }),
    ...(dataOut && { data_out: dataOut, data_size_out: dataOut.length }),
    ...(ctxIn && { ctx_in: ctxIn, ctx_size_in: ctxIn.length }),
    ...(ctxOut && { ctx_out: ctxOut, ctx_size_out: ctxOut.length }),
  })
  if (result < 0) throw runError(spec, input, -result)
  return {
    retval: readBpf(ATTR.testRun, 'retval'),
    data: dataOut ? dataOut.slice(0, readBpf(ATTR.testRun, 'data_size_out')) : new Uint8Array(0),
    ctx: ctxOut ? ctxOut.slice(0, readBpf(ATTR.testRun, 'ctx_size_out')) : ctxIn,
    durationNs: readBpf(ATTR.testRun, 'duration'),
  }
}

function runError(spec: ProgramSpec, input: RunInput, errno: number): SyscallError {
  const packet = (SHAPES[spec.type] ?? 'packet') === 'packet'
  const length = input.data?.length ?? 0
  const invalid =
    packet && length < ETH_HLEN
      ? `${spec.type} programs need a packet of at least ${ETH_HLEN} bytes; ${length} were given`
      : `the kernel refuses this packet or context for ${spec.type} programs`
  return new SyscallError(`run program "${spec.name}"`, errno, {
    needs: capabilitiesOf(spec),
    causes: { EINVAL: invalid, ENOTSUPP: `the kernel cannot run ${spec.type} programs on given data` },
  })
}
