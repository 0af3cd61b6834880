"""Who may approve: what one person proposes and another decides, or one person does alone, under a cap, saying why."""
