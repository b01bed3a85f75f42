;; Exports something, but not a policy.
(component
  (component $nothing)
  (instance $thing (instantiate $nothing))
  (export "acme:other/thing@1.0.0" (instance $thing)))
