"""Where one small document lives that several processes read and replace: a file, or a URL."""
