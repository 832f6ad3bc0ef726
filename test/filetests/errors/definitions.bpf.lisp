;; test errors
(defmap seen :type :hash :key-size 4 :value-size 8 :max-entries 16)
(defmap seen :type :hash :key-size 4 :value-size 8 :max-entries 16)
;;      ^ error[duplicate-name]: there are two maps named `seen`
(defstruct pair (left u32) (left u16))
;;                          ^ error[duplicate-name]: the struct has two fields named `left`
(defstruct odd (left u99))
;;                   ^ error[bad-type]: no type is named `u99`
(defmacro when (test) test)
;;        ^ error[reserved-name]: the built-in form `when` cannot be redefined
(defmap what? :type :hash :key-size 4 :value-size 8 :max-entries 16)
;;      ^ error[bad-name]: the map name `what?` cannot be a C identifier
(defmap tiny :type :hash :key-size 4 :value-size 8 :max-entries 16 :colour 3)
;;                                                                 ^ error[unknown-option]: `defmap` has no option `:colour`
(defmap lost :type :hash :key-size 4 :value-size 8)
(defmap strange :type :carpet :key-size 4 :value-size 8 :max-entries 1)
;;                    ^ error[bad-option]: no map type is named `:carpet`
(defmap records :type :ringbuf :max-entries 1000)
;;                                          ^ error[bad-map]: the size of a ringbuf map is a power of two of at least 4096 bytes, got 1000
(defprog nowhere (:type :teapot) 0)
;;                      ^ error[unknown-program-type]: no program type is named `:teapot`
(defprog twice (:type :xdp) XDP_PASS)
(defprog twice (:type :xdp) XDP_PASS)
;;       ^ error[duplicate-name]: there are two programs named `twice`
(defprog no-struct (:type :xdp)
  (let ((s (make-nothing-known)))
;;          ^ error[unknown-form]: no form, macro or helper is named `make-nothing-known`
    XDP_PASS))
(defprog unknown-size (:type :xdp)
  (sizeof nothing-known)
;;        ^ error[unknown-struct]: no struct is named `nothing-known`
  XDP_PASS)
(defprog shapes (:type :xdp)
  (let (x 1) x)
;;        ^ error[bad-syntax]: expected a variable name, got `1`
  (cast u99 1)
;;      ^ error[bad-type]: expected a scalar type, got `u99`
  XDP_PASS)
;; error@15:1[missing-option]: `defmap` needs `:max-entries`
