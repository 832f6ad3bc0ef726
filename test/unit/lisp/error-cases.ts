/** Bad inputs and what is said about them: `column code: message | hint`. */
export const BODY_ERRORS: readonly (readonly [string, string])[] = [
  ['(foo)', '2 unknown-form: no form, macro or helper is named `foo`'],
  [
    '(ktime-get-nss)',
    '2 unknown-form: no form, macro or helper is named `ktime-get-nss` | did you mean `ktime-get-ns`?',
  ],
  ['(getmapp arr 0)', '2 unknown-form: no form, macro or helper is named `getmapp` | did you mean `getmap`?'],
  ['nope', '1 unbound-variable: no variable or constant is named `nope`'],
  ['(let ((count 1)) coutn)', '18 unbound-variable: no variable or constant is named `coutn` | did you mean `count`?'],
  ['XDP_PAS', '1 unbound-variable: no variable or constant is named `XDP_PAS` | did you mean `XDP_PASS`?'],
  [
    '"text"',
    '1 bad-syntax: `"text"` has no value in a program | programs work on integers and pointers; strings exist at compile time only',
  ],
  [':key', '1 bad-syntax: the keyword `:key` has no value in a program'],
  ['(setf nope 1)', '7 unbound-variable: no variable is named `nope` | bind it with `let` first'],
  [
    '(setf XDP_PASS 1)',
    '7 constant-assigned: `XDP_PASS` is a constant and cannot be assigned | bind a variable with `let`',
  ],
  [
    '(setf +eight+ 1)',
    '7 constant-assigned: `+eight+` is a constant and cannot be assigned | bind a variable with `let`',
  ],
  [
    '(setf (+ 1 2) 1)',
    '7 bad-syntax: `(+ 1 2)` cannot be assigned | places are variables, (getmap m k), (ctx field), (load type ptr offset) and struct fields',
  ],
  ['(setf (foo 1) 1)', '8 unknown-form: no form, macro or helper is named `foo`'],
  ['(setf a)', '1 wrong-argument-count: `setf` takes pairs of a place and a value | usage: (setf place value ...)'],
  ['(let ((+eight+ 1)) 1)', '8 constant-assigned: `+eight+` is a constant and cannot be bound | choose another name'],
  ['(let ((XDP_DROP 1)) 1)', '8 constant-assigned: `XDP_DROP` is a constant and cannot be bound | choose another name'],
  ['(let ((a 1) (a 2)) 1)', '14 duplicate-name: `let` binds `a` twice'],
  [
    '(let ((a 1) (b a)) b)',
    '16 unbound-variable: no variable or constant is named `a` | `let` binds in parallel, so `a` is not visible yet; use `let*`',
  ],
  ['(let (a u32 1 2) 1)', '13 bad-syntax: expected a variable name, got `1`'],
  ['(let ((a u33 1)) a)', '10 bad-type: expected a scalar type, got `u33` | did you mean `u32`?'],
  [
    '(let ((a u32 1 2)) a)',
    '7 bad-syntax: the binding `(a u32 1 2)` has too many parts | a binding is (name init), (name type init) or (name type)',
  ],
  [
    '(let ((a 1)) (declare (type u32 b)) a)',
    '33 unbound-variable: the declaration names `b`, which this form does not bind',
  ],
  [
    '(let ((a 1)) (declare (optimize 3)) a)',
    '23 unsupported: the declaration `(optimize 3)` is not supported | known is `(type u32 x)`',
  ],
  [
    '(let ((a 1)) 5 (declare (type u32 a)))',
    '16 bad-syntax: `declare` stands in the wrong place | it belongs right after the bindings of `let` or `dotimes`',
  ],
  [
    '(progn (declare (type u32 a)))',
    '8 bad-syntax: `declare` stands in the wrong place | it belongs right after the bindings of `let` or `dotimes`',
  ],
  ['(let 5 1)', '6 bad-syntax: expected a list of bindings, got `5`'],
  [
    '(let)',
    '1 wrong-argument-count: `let` takes at least 1 argument, got 0 | usage: (let ((name [type] [init])...) body...)',
  ],
  ['(if 1)', '1 wrong-argument-count: `if` takes 2 to 3 arguments, got 1 | usage: (if test then [else])'],
  ['(if 1 2 3 4)', '1 wrong-argument-count: `if` takes 2 to 3 arguments, got 4 | usage: (if test then [else])'],
  ['(when)', '1 wrong-argument-count: `when` takes at least 1 argument, got 0 | usage: (when test body...)'],
  ['(cond 5)', '7 bad-syntax: expected a clause (test body...), got `5`'],
  ['(cond ())', '7 bad-syntax: a `cond` clause is empty | a clause is (test body...)'],
  [
    '(dotimes (i (ctx ingress-ifindex)) 1)',
    '13 not-constant: the count of `dotimes` must be known at compile time, got `(ctx ingress-ifindex)` | use an integer, a `defconstant`, `(sizeof s)` or arithmetic on them',
  ],
  ['(dotimes (i -1) 1)', '13 bad-option: the count of `dotimes` is 0 to 2147483647, got -1'],
  ['(dotimes (i) 1)', '10 bad-syntax: expected (variable count), got `(i)` | usage: (dotimes (i 8) body...)'],
  ['(dotimes i 1)', '10 bad-syntax: expected (variable count), got `i`'],
  ['(return 1 2)', '1 wrong-argument-count: `return` takes 0 to 1 argument, got 2 | usage: (return [value])'],
  ['(return-from b 1)', '14 bad-syntax: no block named `b` is around this | `(return value)` leaves the program'],
  [
    '(/ 5 0)',
    '1 division-by-zero: division by a constant zero | at run time BPF gives 0 for x/0; write that if it is meant',
  ],
  [
    '(let ((a 1)) (mod a 0))',
    '14 division-by-zero: division by a constant zero | at run time BPF gives 0 for x/0; write that if it is meant',
  ],
  ['(let ((a 1)) (<< a 64))', '14 shift-out-of-range: shift by 64; a constant shift is 0 to 63'],
  ['(let ((a 1)) (>> a -1))', '14 shift-out-of-range: shift by -1; a constant shift is 0 to 63'],
  [
    '(ash 1 (ctx ingress-ifindex))',
    '8 not-constant: the count of `ash` must be known at compile time | use `<<` or `>>` with a variable count',
  ],
  ['(cast u7 1)', '7 bad-type: expected a scalar type, got `u7` | did you mean `u8`?'],
  ['(cast 1)', '1 wrong-argument-count: `cast` takes 2 arguments, got 1 | usage: (cast type value)'],
  ['(load u9 (ctx data) 0)', '7 bad-type: expected a scalar type, got `u9` | did you mean `u8`?'],
  ['(load)', '1 wrong-argument-count: `load` takes 2 to 3 arguments, got 0 | usage: (load type ptr [offset])'],
  ['(ctx dta)', '6 unknown-field: `xdp_md`, the context of an xdp program, has no field `dta` | did you mean `data`?'],
  ['(ctx)', '1 wrong-argument-count: `ctx` takes 1 to 2 arguments, got 0 | usage: (ctx field [index])'],
  ['(ctx data 0)', '11 bad-syntax: the context field `data` is no array'],
  ['(ctx u32 3)', '10 bad-option: offset 3 is not aligned to the 4 bytes of the type'],
  [
    '(stack-addr nope)',
    '13 unbound-variable: `stack-addr` needs a variable; `nope` is none | bind it with `let` first',
  ],
  ['(stack-addr 5)', '13 bad-syntax: expected a variable, got `5`'],
  [
    '(memset (make-flow) (ctx ingress-ifindex) 0 4)',
    '21 not-constant: the offset of `memset` must be known at compile time, got `(ctx ingress-ifindex)` | use an integer, a `defconstant`, `(sizeof s)` or arithmetic on them',
  ],
  ['(memset (make-flow) 0 0 -1)', '25 bad-option: the size of `memset` is negative: -1'],
  [
    '(memcpy (make-flow) 0 (make-flow) 0 (ctx ingress-ifindex))',
    '37 not-constant: the size of `memcpy` must be known at compile time, got `(ctx ingress-ifindex)` | use an integer, a `defconstant`, `(sizeof s)` or arithmetic on them',
  ],
  ['(struct-alloc 0)', '15 bad-option: the size of `struct-alloc` is 1 to 512 bytes, got 0'],
  ['(struct-alloc 4096)', '15 bad-option: the size of `struct-alloc` is 1 to 512 bytes, got 4096'],
  ['(sizeof nosuch)', '9 unknown-struct: no struct is named `nosuch` | define it with `defstruct` first'],
  ['(sizeof flwo)', '9 unknown-struct: no struct is named `flwo` | did you mean `flow`?'],
  ['(flow-src)', '1 wrong-argument-count: `flow-src` takes 1 argument, got 0 | usage: (flow-src ptr)'],
  [
    '(flow-srcc (make-flow))',
    '2 unknown-form: no form, macro or helper is named `flow-srcc` | did you mean `flow-src`?',
  ],
  [
    '(deep-name (make-deep))',
    '1 wrong-argument-count: field `name` of `deep` is an array of 16 | give an index, or take its address with `deep-name-ptr`',
  ],
  [
    '(deep-name (make-deep) 16)',
    '24 index-out-of-range: index 16 is outside field `name`, which has 16 elements | `16` must be 0 to 15',
  ],
  [
    '(deep-name (make-deep) -1)',
    '24 index-out-of-range: index -1 is outside field `name`, which has 16 elements | `-1` must be 0 to 15',
  ],
  [
    '(setf (deep-inner (make-deep)) 1)',
    '7 bad-syntax: `(deep-inner (make-deep))` cannot be assigned | places are variables, (getmap m k), (ctx field), (load type ptr offset) and struct fields',
  ],
  ['(getmap nope 0)', '9 unknown-map: no map is named `nope` | maps are arr, tab, small, flows, big, progs, events'],
  ['(getmap tabb 0)', '9 unknown-map: no map is named `tabb` | did you mean `tab`?'],
  [
    '(getmap 5 0)',
    '9 unknown-map: expected the name of a map, got `5` | maps are arr, tab, small, flows, big, progs, events',
  ],
  ['(getmap arr)', '1 wrong-argument-count: `getmap` takes 2 arguments, got 1 | usage: (getmap map key)'],
  [
    '(getmap events 0)',
    '9 wrong-map-kind: `getmap` does not work on the ringbuf map `events` | use `with-ringbuf` or `ringbuf-output`',
  ],
  [
    '(getmap progs 0)',
    '9 wrong-map-kind: `getmap` does not work on the prog-array map `progs` | use `(tail-call map index)`',
  ],
  ['(tail-call arr 0)', '12 wrong-map-kind: `tail-call` needs a prog-array map; `arr` is an array map'],
  ['(remmap arr 0)', '9 wrong-map-kind: entries of the array map `arr` cannot be deleted | set the value to 0 instead'],
  [
    '(incf (getmap small 1))',
    '1 wrong-map-kind: BPF has no atomic add for values of 1 or 2 bytes; values of `small` are 1 byte | declare a wider value (:value-size 4 or 8), or use `(setf (getmap m k) (+ (getmap m k) 1))`, which may lose counts',
  ],
  [
    '(incf (getmap big 1))',
    '1 wrong-map-kind: BPF can only add to integer values; values of `big` are 12 bytes | use `map-lookup` and `atomic-add` on a field',
  ],
  [
    '(incf 5)',
    '7 bad-syntax: `5` cannot be assigned | places are variables, (getmap m k), (ctx field), (load type ptr offset) and struct fields',
  ],
  ['(map-lookup-elem tab 1)', '1 unknown-form: `map-lookup-elem` is not called by name | use `map-lookup`'],
  ['(ktime-get-ns 1)', '1 wrong-argument-count: `ktime-get-ns` takes 0 arguments, got 1 | usage: (ktime-get-ns)'],
  ['(ringbuf-reserve evnts 8 0)', '18 unknown-map: no map is named `evnts` | did you mean `events`?'],
  [
    '(get-current-comm)',
    '1 wrong-argument-count: `get-current-comm` takes 2 arguments, got 0 | usage: (get-current-comm buf size)',
  ],
  [
    '(asm 1 2 3)',
    '1 wrong-argument-count: `asm` takes 5 arguments, got 3 | usage: (asm opcode dst src offset immediate)',
  ],
  ['(asm 256 0 0 0 0)', '6 bad-option: the opcode of `asm` is 0 to 255, got 256'],
  ['(asm #xb7 11 0 0 0)', '11 bad-option: the dst of `asm` is 0 to 10, got 11'],
  [
    '(asm (ctx ingress-ifindex) 0 0 0 0)',
    '6 not-constant: the opcode of `asm` must be known at compile time, got `(ctx ingress-ifindex)` | use an integer, a `defconstant`, `(sizeof s)` or arithmetic on them',
  ],
  [
    '(pt-regs-parm1)',
    '1 bad-syntax: `pt-regs-parm1` exists in kprobe and uprobe programs only; this is an xdp program',
  ],
  ['(atomic-add (make-flow) 3 1)', '25 bad-option: offset 3 is not aligned to the 8 bytes of the type'],
  ['(atomic-add (make-flow) 0 1 u8)', '29 bad-type: atomic operations work on u32 and u64 only'],
  ['(case)', '1 wrong-argument-count: `case` got 0 arguments, which does not fit | usage: (case key &body clauses)'],
  ['(case 1 5)', '1 macro-error: `case`: a clause of case is (value body...)'],
  [
    '(with-packet (data) 1)',
    '1 bad-syntax: `with-packet` expected a list like `(data data-end &key (min-len 14))`, got `(data)`',
  ],
  [
    '(with-packet (data end :minlen 3) 1)',
    '1 unknown-option: `with-packet` has no option `:minlen` | did you mean `:min-len`?',
  ],
  ['(with-tcp data 1)', '1 bad-syntax: `with-tcp` expected a list like `(data data-end tcp &key options)`, got `data`'],
  [
    '(with-ringbuf (e events (sizeof flow)) (return 1))',
    '40 ringbuf-leak: this `return` leaves the reserved record `e` neither submitted nor discarded | call `(ringbuf-discard e 0)` or `(ringbuf-submit e 0)` first',
  ],
  [
    '(with-ringbuf (e events (sizeof flow)) (ringbuf-discard e 0))',
    '1 ringbuf-leak: the record `e` is submitted or discarded twice on some path | `with-ringbuf` submits the record at its end; leave with `return` after a discard',
  ],
  [
    '(let ((e (ringbuf-reserve events 8 0))) (when e 1))',
    '1 ringbuf-leak: the end of this form leaves the reserved record `e` neither submitted nor discarded | call `(ringbuf-discard e 0)` or `(ringbuf-submit e 0)` first',
  ],
  [
    '((lambda (x) x) 1)',
    '2 unknown-form: `(lambda (x) x)` cannot be called | the first element of a form is the name of a form, macro or helper',
  ],
  [
    '(5 6)',
    '2 unknown-form: `5` cannot be called | the first element of a form is the name of a form, macro or helper',
  ],
  ['(a . b)', '1 bad-syntax: `(a . b)` is a dotted list; a form is a proper list'],
  ['(arr 0)', '2 unknown-form: `arr` is a map, not a form | read it with `(getmap arr key)`'],
  ['(let ((v 1)) (v))', '15 unknown-form: `v` is a variable, not a form'],
  [
    '(mapcar 1 2)',
    '2 unknown-form: `mapcar` exists at compile time only | call it inside a macro, or define a macro instead of a function',
  ],
  ['(== 1 2)', '2 unknown-form: no form, macro or helper is named `==` | equality is `=`'],
  ['18446744073709551616', '1 size-mismatch: 18446744073709551616 does not fit into 64 bits'],
  [
    'arr',
    '1 unbound-variable: no variable or constant is named `arr` | `arr` is a map; read it with `(getmap arr key)`',
  ],
  ['(macrolet ((if (x) x)) 1)', '13 reserved-name: the built-in form `if` cannot be redefined'],
  ['(macrolet ((m (x) (car x))) (m 5))', '29 bad-argument-type: `m`: `car` expected a list, got `5`'],
  ['(let ((a 1)) (let ((b c)) b))', '23 unbound-variable: no variable or constant is named `c`'],
  [
    '(fill-process-info 5 :pid 3)',
    '1 unknown-option: `fill-process-info` has no option `:pid` | it takes :pid-field, :tgid-field, :uid-field, :gid-field, :timestamp-field, :comm-field, :comm-size',
  ],
  ['(bpf-loop 1 2 3 4)', '11 bad-syntax: expected (variable count), got `1`'],
]

export const TOP_ERRORS: readonly (readonly [string, ...string[]])[] = [
  ['(defmapp a :type :hash)', '2 unknown-form: no top-level form or macro is named `defmapp` | did you mean `defmap`?'],
  ['(getmap a 0)', '2 bad-syntax: `getmap` belongs into a program | put it into the body of a `defprog`'],
  ['foo', '1 bad-syntax: `foo` is no top-level form | expected `defmap`, `defprog` and the like'],
  ['(foo)', '2 unknown-form: no top-level form or macro is named `foo`'],
  [
    '(defmap)',
    '1 wrong-argument-count: `defmap` needs a name | usage: (defmap name :type :hash :key-size 4 :value-size 8 :max-entries 1024)',
  ],
  ['(defmap 5 :type :hash)', '9 bad-syntax: expected the name of a map, got `5`'],
  ['(defmap a)', '1 missing-option: `defmap` needs `:type` | for example `:type :hash`'],
  [
    '(defmap a :type :hsh :key-size 4 :value-size 8 :max-entries 1)',
    '17 bad-option: no map type is named `:hsh` | did you mean `:hash`?',
  ],
  [
    '(defmap a :type hash-of-things)',
    '17 bad-option: no map type is named `hash-of-things` | common types are :hash :array :prog-array :perf-event-array :percpu-hash :percpu-array :stack-trace :cgroup-array',
  ],
  [
    '(defmap a :type :hash :value-size 8 :max-entries 1)',
    '1 missing-option: a hash map needs `:key-size` or `:key-type`',
  ],
  [
    '(defmap a :type :hash :key-size 4 :max-entries 1)',
    '1 missing-option: a hash map needs `:value-size` or `:value-type`',
  ],
  ['(defmap a :type :hash :key-size 4 :value-size 8)', '1 missing-option: `defmap` needs `:max-entries`'],
  [
    '(defmap a :type :hash :key-size 4 :value-size 8 :max-entries 0)',
    '62 bad-map: `:max-entries` is at least 1, got 0',
  ],
  [
    '(defmap a :type :hash :key-size 0 :value-size 8 :max-entries 1)',
    '33 bad-map: `:key-size` is 1 to 512 bytes, got 0',
  ],
  [
    '(defmap a :type :hash :key-size 600 :value-size 8 :max-entries 1)',
    '33 bad-map: `:key-size` is 1 to 512 bytes, got 600',
  ],
  [
    '(defmap a :type :hash :key-size x :value-size 8 :max-entries 1)',
    '33 unbound-variable: the compile-time variable `x` is unbound',
  ],
  [
    '(defmap a :type :hash :key-size "4" :value-size 8 :max-entries 1)',
    '33 not-constant: `:key-size` must be an integer, got `"4"`',
  ],
  [
    '(defmap a :type :hash :keysize 4 :value-size 8 :max-entries 1)',
    '23 unknown-option: `defmap` has no option `:keysize` | did you mean `:key-size`?',
  ],
  [
    '(defmap a :type :hash :key-size 4 :key-size 4 :value-size 8 :max-entries 1)',
    '35 duplicate-name: the option `:key-size` is given twice',
  ],
  ['(defmap a :type :hash :key-size)', '23 bad-syntax: the option `:key-size` has no value'],
  ['(defmap a :type :hash 5 4)', '23 bad-syntax: expected an option such as `:type`, got `5`'],
  [
    '(defmap a :type :array :key-size 8 :value-size 8 :max-entries 1)',
    '34 bad-map: an array map has 4-byte keys, got 8 | the key is a u32 index: `:key-size 4`',
  ],
  [
    '(defmap a :type :prog-array :key-size 4 :value-size 8 :max-entries 1)',
    '53 bad-map: a prog-array map has 4-byte values, got 8',
  ],
  [
    '(defmap a :type :lpm-trie :key-size 8 :value-size 4 :max-entries 1)',
    '1 bad-map: an lpm-trie map needs the flag BPF_F_NO_PREALLOC | add `:map-flags 1`',
  ],
  [
    '(defmap a :type :lpm-trie :key-size 4 :value-size 4 :max-entries 1 :map-flags 1)',
    '37 bad-map: the key of an lpm-trie map has 5 to 260 bytes, got 4 | it is a u32 prefix length followed by the data',
  ],
  [
    '(defmap a :type :ringbuf :max-entries 5000)',
    '39 bad-map: the size of a ringbuf map is a power of two of at least 4096 bytes, got 5000 | for example 8192',
  ],
  [
    '(defmap a :type :ringbuf :max-entries 64)',
    '39 bad-map: the size of a ringbuf map is a power of two of at least 4096 bytes, got 64 | for example 4096',
  ],
  [
    '(defmap a :type :ringbuf :key-size 4 :max-entries 4096)',
    '36 bad-map: a ringbuf map has neither keys nor values | leave the option out',
  ],
  [
    '(defmap a :type :hash :key-size 4 :key-type u64 :value-size 8 :max-entries 1)',
    '33 size-mismatch: `:key-size` is 4, but `u64` has 8 bytes | leave the size out: it comes from the type',
  ],
  [
    '(defmap a :type :hash :key-type nosuch :value-size 8 :max-entries 1)',
    '33 bad-type: no type is named `nosuch` | structs are defined before they are used',
  ],
  [
    '(defmap a :type :hash :key-size 4 :value-size 8 :max-entries 1 :pinning 5)',
    '73 bad-option: `:pinning` is :by-name or :none, got `5`',
  ],
  [
    '(defmap a :type :hash :key-size 4 :value-size 8 :max-entries 1 :record-type s)',
    '64 bad-option: `:record-type` is for ring buffers',
  ],
  [
    '(defmap a :type :hash :key-size 4 :value-size 8 :max-entries 1) (defmap A :type :hash :key-size 4 :value-size 8 :max-entries 1)',
    '73 duplicate-name: there are two maps named `A`',
  ],
  [
    '(defmap a+b :type :hash :key-size 4 :value-size 8 :max-entries 1)',
    '9 bad-name: the map name `a+b` cannot be a C identifier | use letters, digits and `-`, a letter first',
  ],
  [
    '(defprog p)',
    '1 wrong-argument-count: `defprog` needs a name and options | usage: (defprog name (:type :xdp) body...)',
  ],
  ['(defprog 5 (:type :xdp) 1)', '10 bad-syntax: expected the name of a program, got `5`'],
  [
    '(defprog p 5 1)',
    '12 bad-syntax: expected the options of the program, got `5` | usage: (defprog name (:type :xdp) body...)',
  ],
  ['(defprog p (:type :xpd) 1)', '19 unknown-program-type: no program type is named `:xpd` | did you mean `:xdp`?'],
  [
    '(defprog p (:type :xdp :sction "x") 1)',
    '24 unknown-option: `defprog` has no option `:sction` | did you mean `:section`?',
  ],
  [
    '(defprog p (:section "nosuch/thing") 1)',
    '22 unknown-program-type: no program type has a section named `"nosuch/thing"` | sections of xdp programs are "xdp", "xdp.frags", "xdp/devmap", "xdp.frags/devmap", "xdp/cpumap", "xdp.frags/cpumap"',
  ],
  ['(defprog p (:type :xdp :section xdp) 1)', '33 bad-option: a section is a string, got `xdp` | write "xdp"'],
  ['(defprog p (:type :xdp))', '1 bad-syntax: the program `p` has no body | the value of its last form is the result'],
  ['(defprog p (:type :xdp) 1) (defprog P (:type :xdp) 1)', '37 duplicate-name: there are two programs named `P`'],
  [
    '(defprog p.q (:type :xdp) 1)',
    '10 bad-name: the program name `p.q` cannot be a C identifier | use letters, digits and `-`, a letter first',
  ],
  ['(defstruct)', '1 wrong-argument-count: `defstruct` needs a name | usage: (defstruct name (field type)...)'],
  ['(defstruct s)', '1 bad-syntax: the struct `s` has no fields | usage: (defstruct name (field type)...)'],
  ['(defstruct s (a))', '14 bad-syntax: expected a field (name type), got `(a)`'],
  ['(defstruct s (a u33))', '17 bad-type: no type is named `u33` | did you mean `u32`?'],
  ['(defstruct s (a u32) (a u8))', '23 duplicate-name: the struct has two fields named `a`'],
  ['(defstruct s a)', '14 bad-syntax: expected a field (name type), got `a`'],
  ['(defstruct s (a (array u8 0)))', '27 bad-type: an array needs at least one element, got 0'],
  ['(defstruct s (a (array u8 n)))', '27 unbound-variable: the compile-time variable `n` is unbound'],
  ['(defstruct s (a u32)) (defstruct s (a u32))', '34 duplicate-name: there are two structs named `s`'],
  ['(defstruct s (a (array u8)))', '17 bad-type: expected a type, got `(array u8)` | an array is `(array u8 16)`'],
  [
    '(defunion u)',
    '1 wrong-argument-count: `defunion` needs a name and member structs | usage: (defunion name struct...)',
  ],
  ['(defunion u nosuch)', '13 unknown-struct: no struct is named `nosuch` | define it with `defstruct` first'],
  ['(defheader h (a :offset 0))', '14 missing-option: the field `a` needs `:offset` and `:type`'],
  ['(defheader h (a :type u32 :offset -1))', '35 bad-option: the offset of a field cannot be negative'],
  [
    '(defheader h (a :type u32 :ofset 1))',
    '27 unknown-option: `defheader` has no option `:ofset` | did you mean `:offset`?',
  ],
  ['(defconstant x)', '1 wrong-argument-count: expected a name and a value | usage: (defconstant name value)'],
  [
    '(defconstant +x+ 1) (defconstant +x+ 2)',
    '34 constant-assigned: the constant `+x+` already has another value | use another name, or `defparameter` for a value that changes',
  ],
  ['(defconstant +x+ (foo))', '18 unknown-form: no compile-time function or form is named `foo`'],
  ['(defconstant +x+ (error "no ~a" 1))', '18 macro-error: no 1'],
  ['(defconstant 5 1)', '14 bad-syntax: expected a name, got `5`'],
  ['(defconstant t 1)', '14 reserved-name: `t` cannot be redefined'],
  ['(defmacro if (x) x)', '11 reserved-name: the built-in form `if` cannot be redefined | choose another name'],
  [
    '(defmacro ktime-get-ns () 1)',
    '11 reserved-name: the helper `ktime-get-ns` cannot be redefined | choose another name',
  ],
  [
    '(defmacro m)',
    '1 wrong-argument-count: `defmacro` needs a name and parameters | usage: (defmacro name (parameters) body...)',
  ],
  ['(defmacro m (&foo) 1)', '13 bad-syntax: the lambda list `(&foo)` is malformed: `&foo` is unknown'],
  ['(defun defmap () 1)', '8 reserved-name: the built-in form `defmap` cannot be redefined | choose another name'],
  [
    '(defun f)',
    '1 wrong-argument-count: `defun` needs a name and parameters | usage: (defun name (parameters) body...)',
  ],
  ['(load "./nosuch.lisp")', '7 missing-file: cannot read `./nosuch.lisp` | this host reads no files'],
  ['(include 5)', '10 bad-syntax: expected the path of a file as a string | usage: (include "./macros.lisp")'],
  ['(defmacro m () (error "boom")) (m)', '32 macro-error: `m`: boom'],
  ['(defmacro m () `(m)) (m)', '22 macro-limit: the macro `m` expands into itself without end'],
  [
    '(defmacro m () (loop)) (m)',
    '24 macro-limit: `m`: this took more than 1000000 evaluation steps | look for a loop or a recursion that never ends',
  ],
  [
    '(defun f (x) (f (+ x 1))) (defmacro m () (f 0)) (m)',
    '49 macro-limit: `m`: compile-time code is nested too deeply | look for a recursion that never ends',
  ],
  [
    '(defmacro m (x) (car x)) (defprog p (:type :xdp) (m 5))',
    '50 bad-argument-type: `m`: `car` expected a list, got `5`',
  ],
  [
    "(defmacro m () '(nosuch 1)) (defprog p (:type :xdp) (m))",
    '53 unknown-form: no form, macro or helper is named `nosuch`',
  ],
  [
    '(defmacro m (x) `(+ ,x nosuch)) (defprog p (:type :xdp) (m 5))',
    '57 unbound-variable: no variable or constant is named `nosuch`',
  ],
  [
    '(defmacro m (x) `(+ 1 ,x)) (defprog p (:type :xdp) (m nosuch))',
    '55 unbound-variable: no variable or constant is named `nosuch`',
  ],
  [
    '(defmacro m (x) `(+ 1 ,x)) (defprog p (:type :xdp) (m (foo 1)))',
    '56 unknown-form: no form, macro or helper is named `foo`',
  ],
  [
    '(with-bpf-session () 1)',
    '2 unsupported: `with-bpf-session` is user-space code | declare maps and programs with `defmap` and `defprog`, and load them from JavaScript',
  ],
]
