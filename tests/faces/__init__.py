"""The faces by their real clients: HTTP, WebSocket, API, MCP, AppTest and the command line."""
