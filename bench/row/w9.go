package row

// w9One and w9Many are W1 and W2 over TLS.
var (
	w9One = &Row{
		Name:    "W9-one",
		Title:   "W1 over TLS 1.3: " + w1.Title,
		Metrics: w1.Metrics,
		Base:    "netobj-tls",
		Pinned:  w1.Pinned,
		TLS:     true,
		run:     runOneCaller,
	}
	w9Many = &Row{
		Name:    "W9-many",
		Title:   "W2 over TLS 1.3: " + w2.Title,
		Metrics: w2.Metrics,
		Base:    "netobj-tls",
		TLS:     true,
		run:     runManyCallers,
	}
)
