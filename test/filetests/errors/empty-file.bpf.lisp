;; test errors
; only comments
;; error@1:1[empty-file]: `empty-file.bpf.lisp` holds no forms
