// Package zzglob stands in for a module that the public proxy does not have. Jobs of the testbed
// upload no artifacts and use no globs, so all it does is to say so.
package zzglob

import (
	"context"
	"errors"
	"io/fs"
)

var errNoGlobs = errors.New("this agent was built for tests and knows no globs")

// Pattern is never made.
type Pattern struct{}

// ParseOption and GlobOption are taken and never looked at.
type (
	ParseOption func()
	GlobOption  func()
)

func ExpandTilde(bool) ParseOption         { return nil }
func WalkIntermediateDirs(bool) GlobOption { return nil }
func TraverseSymlinks(bool) GlobOption     { return nil }

func Parse(string, ...ParseOption) (*Pattern, error) { return nil, errNoGlobs }

func MultiGlob(context.Context, []*Pattern, fs.WalkDirFunc, ...GlobOption) error {
	return errNoGlobs
}

func (*Pattern) Glob(fs.WalkDirFunc, ...GlobOption) error { return errNoGlobs }

func (*Pattern) Match(string) bool { return false }
