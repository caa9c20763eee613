"""What is answered: from the read side and the champion to the bodies that clients get."""
