"""What is remembered, on Redis: conversations, votes and the server that holds them."""
