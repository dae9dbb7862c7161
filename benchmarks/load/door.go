package main

import (
	"context"
	"time"
)

// A door is one way into a broker. Keys and what is activated are kept as the door knows them.
type door interface {
	// create makes an instance of a process and tells its key.
	create(process, variables string) (int64, error)
	// activate takes up to limit jobs and waits for them as long as patience; 0 does not wait.
	activate(ctx context.Context, jobType string, limit int, patience time.Duration) ([]job, error)
	// complete ends a job.
	complete(key int64) error
}

type job struct {
	key, instance int64
}
