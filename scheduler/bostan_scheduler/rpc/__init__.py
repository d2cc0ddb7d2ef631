"""The agents' link: sessions of nodes, their logs and their files; what agents say is checked before it enters."""
