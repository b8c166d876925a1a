// The Kubernetes control plane as one program: `control-plane NAME ARGS...` is
// the NAME of a real distribution, from the same source, without a container.
// `control-plane exec PROGRAM ARGS...` becomes any other program.
//
// Where TESTBED_PARENT names the process that starts it, the kernel kills it with
// the thread that did, whatever it became meanwhile: nothing outlives a test run,
// not even one that was itself killed.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"golang.org/x/sys/unix"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

const usage = "usage: control-plane etcd|kube-apiserver|kube-controller-manager|kube-scheduler|exec ARGS..."

func main() {
	if len(os.Args) < 2 {
		fail(usage)
	}
	dieWithParent()
	name := os.Args[1]
	os.Args = os.Args[1:]
	commands := map[string]func() *cobra.Command{
		"kube-apiserver":          apiserver.NewAPIServerCommand,
		"kube-controller-manager": controllermanager.NewControllerManagerCommand,
		"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	}
	switch {
	case name == "etcd":
		etcdmain.Main(os.Args)
	case name == "exec" && len(os.Args) > 1:
		fail(fmt.Sprintf("%s: %v", os.Args[1], unix.Exec(os.Args[1], os.Args[1:], os.Environ())))
	case commands[name] != nil:
		os.Exit(cli.Run(commands[name]()))
	default:
		fail(usage)
	}
}

// dieWithParent asks the kernel for SIGKILL when the parent ends, if that is who
// it should be: it may have ended before the question.
func dieWithParent() {
	parent, tied := os.LookupEnv("TESTBED_PARENT")
	if !tied {
		return
	}
	// The request is the thread's own, and `exec` has to be called from the same one.
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		fail(fmt.Sprintf("failed to tie the process to its parent: %v", err))
	}
	if parent != strconv.Itoa(os.Getppid()) {
		fail("the parent has ended")
	}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, "control-plane: "+message)
	os.Exit(2)
}
