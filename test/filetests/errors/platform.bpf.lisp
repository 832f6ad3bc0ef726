;; test errors
;; Globals, functions and loops: what is refused, and with which words.
(defmap stages :type :prog-array :key-size 4 :max-entries 1)
(defglobal hits u64)
(defglobal hits u32)
;;         ^^^^ error[duplicate-name]: is used twice
(defglobal tiny u8 300)
;;                 ^^^ error[size-mismatch]: 300 does not fit into 8 bits
(defrodata limit u32 10)
(defglobal short (array u8 2) '(1 2 3))
;;                            ^^^^^^^^^ error[size-mismatch]: 3 initial values
(defglobal missing nonsense)
;;                 ^^^^^^^^ error[bad-type]: no type is named

(defsubprog six (a b c d e f) u32 0)
;;              ^^^^^^^^^^^^^ error[wrong-argument-count]: at most 5
(defsubprog empty ((a u32)) u32)
;; error@17:1[bad-syntax]: has no body
(defsubprog plus ((a u32)) u32 (+ a 1))

(defprog p (:type :xdp)
  (setf limit 11)
;;      ^^^^^ error[constant-assigned]: constant while programs run
  (plus 1 2)
;;^^^^^^^^^^ error[wrong-argument-count]: takes 1 argument, got 2
  (break)
;;^^^^^^^ error[bad-syntax]: not inside a loop
  (addr-of nothing)
;;         ^^^^^^^ error[unbound-variable]: needs a variable
  (bpf-loop (i 10) (tail-call stages 0))
;;                 ^^^^^^^^^^^^^^^^^^^^ error[unsupported]: cannot make tail calls
  (bpf-loop (i 100000000) 1)
;;             ^^^^^^^^^ error[bad-option]: at most 8388608 times
  (for-each-map-elem hits plus 0 0)
;;                   ^^^^ error[unknown-map]: no map is named
  XDP_PASS)
