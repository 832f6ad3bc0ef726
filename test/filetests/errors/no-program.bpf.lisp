;; test errors
(defconstant +limit+ 5)
;; error@1:1[no-program]: `no-program.bpf.lisp` defines no program and no map
