"""What every dialect needs: authentication, request bodies, cursors."""
