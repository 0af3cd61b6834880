"""Who the people on an account are: members with an e-mail address, a nickname and a user number."""
