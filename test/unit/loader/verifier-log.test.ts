/** Verifier logs of several kernels, as they were seen. */
import { describe, expect, it } from 'vitest'
import { parseVerifierLog } from '../../../packages/loader/src/verifier-log.ts'

describe('parseVerifierLog', () => {
  it('6.18: instructions with register states, source lines', () => {
    const log = `0: R1=ctx() R10=fp0
; (when (= (load u8 p 0) 1) @ filter.bpf.lisp:7
0: (61) r2 = *(u32 *)(r1 +0)          ; R1=ctx() R2=pkt(r=0)
; (return 2)) @ filter.bpf.lisp:8
1: (71) r0 = *(u8 *)(r2 +0)
invalid access to packet, off=0 size=1, R2(id=0,off=0,r=0)
R2 offset is outside of the packet
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`
    expect(parseVerifierLog(log)).toEqual({
      slot: 1,
      reason: 'invalid access to packet, off=0 size=1, R2(id=0,off=0,r=0); R2 offset is outside of the packet',
      suggestion: undefined,
    })
  })

  it('5.10: states on lines of their own, branches', () => {
    const log = `0: (bf) r6 = r1
1: (85) call bpf_get_prandom_u32#7
2: (15) if r0 == 0x0 goto pc+1
 R0_w=inv(id=0) R6_w=ctx(id=0,off=0,imm=0) R10=fp0
3: (95) exit

from 2 to 4: R0_w=inv0 R6_w=ctx(id=0,off=0,imm=0) R10=fp0
4: (79) r0 = *(u64 *)(r0 +0)
R0 invalid mem access 'inv'
processed 5 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1
`
    expect(parseVerifierLog(log)).toMatchObject({ slot: 4, reason: "R0 invalid mem access 'inv'" })
  })

  it('a reference that is not released, told at exit', () => {
    const log = `7: (95) exit
Unreleased reference id=2 alloc_insn=4
processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0`
    expect(parseVerifierLog(log)).toMatchObject({ slot: 7, reason: 'Unreleased reference id=2 alloc_insn=4' })
  })

  it.each([
    ['unreachable insn 4', 4],
    ['back-edge from insn 5 to 3', 5],
    ['jump out of range from insn 2 to 9', 2],
    ['infinite loop detected at insn 3', 3],
    ['last insn is not an exit or jmp', undefined],
  ])('structural fault: %s', (reason, slot) => {
    expect(parseVerifierLog(`func#0 @0\n${reason}\nprocessed 0 insns (limit 1000000)`)).toMatchObject({ reason, slot })
  })

  it('progress of precision tracking is no reason', () => {
    const log = `9: (0f) r2 += r3
mark_precise: frame0: last_idx 9 first_idx 0 subseq_idx -1
mark_precise: frame0: regs=r3 stack= before 8: (77) r3 >>= 2
9: R2=pkt(id=1,r=0,umax=5) R3=scalar(umax=5)
10: (71) r0 = *(u8 *)(r2 +0)
invalid access to packet, off=0 size=1, R2(id=1,off=0,r=0)
verification time 120 usec
stack depth 8
processed 11 insns (limit 1000000)`
    expect(parseVerifierLog(log)).toMatchObject({
      slot: 10,
      reason: 'invalid access to packet, off=0 size=1, R2(id=1,off=0,r=0)',
    })
  })

  it('the restructured form', () => {
    const log = `3: (71) r0 = *(u8 *)(r2 +0)
Verifier error
  Reason: packet access without a bounds check
  At: insn 3 (prog.c:12)
  Causal path: 0 -> 3
  Suggestion: compare with data_end first
processed 4 insns (limit 1000000)`
    expect(parseVerifierLog(log)).toEqual({
      reason: 'packet access without a bounds check',
      slot: 3,
      suggestion: 'compare with data_end first',
    })
  })

  it('an empty log gives no slot', () => {
    expect(parseVerifierLog('')).toEqual({ reason: 'no reason given', slot: undefined, suggestion: undefined })
  })
})
