"""What the pages of the admin show, and which earlier run one is compared with."""
