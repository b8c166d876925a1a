//! branch-deploys: every pushed branch up at its own address, and gone when the branch is.
